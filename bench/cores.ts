/** CPU time of cores and processes, from Linux' /proc. Milliseconds; NaN where /proc has nothing. */
import { readFileSync } from 'node:fs';

/** Of USER_HZ, which Linux fixes at 100 for /proc. */
const msPerTick = 10;

export interface CoreTimes {
  atMs: number;
  /** Busy time of each core, all processes, interrupts and what the hypervisor took. */
  busyMs: number[];
  /** User and system time of one process. */
  processMs: number;
}

/** Now. `pid` is the process to watch beside the cores. */
export function coreTimes(pid: number): CoreTimes {
  return { atMs: performance.now(), busyMs: coresBusyMs(), processMs: processTimes(pid).ownMs };
}

function coresBusyMs(): number[] {
  return read('/proc/stat')
    .split('\n')
    .filter((line) => /^cpu\d/.test(line))
    .map((line) => {
      const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(/\s+/).map(Number);
      return (user + nice + system + irq + softirq + steal) * msPerTick;
    });
}

/** CPU of a process, and of the children it has waited for. */
export function processTimes(pid: number): { ownMs: number; childrenMs: number } {
  // The name in parentheses may hold spaces: count from its end.
  const fields = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ').map(Number) ?? [];
  const sum = (a: number, b: number): number => ((fields[a] ?? Number.NaN) + (fields[b] ?? Number.NaN)) * msPerTick;
  return { ownMs: sum(11, 12), childrenMs: sum(13, 14) };
}

/** The most memory that a process ever had resident. */
export function peakResidentBytes(pid: number): number {
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1];
  return kilobytes === undefined ? Number.NaN : Number(kilobytes) * 1024;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
