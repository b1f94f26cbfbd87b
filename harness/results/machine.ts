import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os';
import type { Machine } from './run-file.ts';

/** The machine the drivers ran on. Cores are those that this process may use. */
export function machineFacts(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    os: `${type()} ${release()} ${arch()}`,
    node: process.versions.node,
  };
}

/** Node itself and each driver's tool, by name. Two legs of the same tool are one entry. */
export function toolFacts(tools: readonly { name: string; version: string }[]): Record<string, string> {
  return { node: process.versions.node, ...Object.fromEntries(tools.map(({ name, version }) => [name, version])) };
}
