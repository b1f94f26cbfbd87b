import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A profile as a file, for as long as `use` runs. */
export async function withProfileFile<T>(yaml: string, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-bench-profile-'));
  try {
    const file = join(folder, 'bench.yaml');
    await writeFile(file, yaml);
    return await use(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
