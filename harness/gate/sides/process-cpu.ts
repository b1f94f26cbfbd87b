import { readdir, readFile } from 'node:fs/promises';

/** Clock ticks a second in /proc: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

interface ProcessStat {
  pid: number;
  parent: number;
  cpuMs: number;
}

/** CPU time of a process, its living descendants and those of its children that have ended and been waited for. Undefined where there is no /proc, or no such process. To 10 ms. */
export async function processTreeCpuMs(rootPid: number): Promise<number | undefined> {
  const all = await allProcesses();
  const root = all.find(({ pid }) => pid === rootPid);
  if (!root) return undefined;
  const children = Map.groupBy(all, ({ parent }) => parent);
  let cpuMs = 0;
  const left = [root];
  for (let next = left.pop(); next; next = left.pop()) {
    cpuMs += next.cpuMs;
    left.push(...(children.get(next.pid) ?? []));
  }
  return cpuMs;
}

async function allProcesses(): Promise<ProcessStat[]> {
  const names = await readdir('/proc').catch(() => []);
  const stats = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map(readStat));
  return stats.filter((stat) => stat !== undefined);
}

async function readStat(name: string): Promise<ProcessStat | undefined> {
  const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The program's name is in brackets and may hold anything: fields are counted from the last one. See proc(5).
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0);
  return { pid: Number(name), parent: Number(fields[1]), cpuMs: (ticks * 1_000) / ticksPerSecond };
}
