/** CPU time of cores and processes, from Linux' /proc. Milliseconds; NaN where /proc has nothing. */
import { readdirSync, readFileSync } from 'node:fs';

/** Of USER_HZ, which Linux fixes at 100 for /proc. */
const msPerTick = 10;

export interface CoreTimes {
  atMs: number;
  /** Busy time of each core, all processes, interrupts and what the hypervisor took. */
  busyMs: number[];
  /** CPU of the watched processes together. */
  processMs: number;
}

/** Now. `pids` are the processes to watch beside the cores. */
export function coreTimes(pids: readonly number[]): CoreTimes {
  return { atMs: performance.now(), busyMs: coresBusyMs(), processMs: pids.reduce((sum, pid) => sum + scheduledMs(pid), 0) };
}

/** CPU of a process: of all threads, to the nanosecond, where ticks of 10 ms would be 4 us a request in a short block. Threads of Node stay as long as it does. */
export function scheduledMs(pid: number): number {
  const threads = threadsOf(pid);
  return threads.length === 0
    ? Number.NaN
    : threads.reduce((sum, thread) => sum + Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]) / 1e6, 0);
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
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

/** CPU of the children that a process has waited for. */
export function childrenMs(pid: number): number {
  // The name in parentheses may hold spaces: count from its end.
  const fields = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ').map(Number) ?? [];
  const [user = Number.NaN, system = Number.NaN] = fields.slice(13, 15);
  return (user + system) * msPerTick;
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
