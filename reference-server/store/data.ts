import type { SeedSize } from './seed/size.ts';
import { openStore, type Store } from './store.ts';

const dataSeed = 1;

/** The server's data: the same rows in every process that asks for the same size. @param data SQLite file; undefined: in memory */
export function openData({ data, size }: { data?: string; size?: SeedSize }): Promise<Store> {
  return openStore({ seed: dataSeed, ...(data !== undefined && { file: data }), ...(size && { size }) });
}
