import { existsSync, readFileSync } from 'node:fs';

/** From the package.json above this file, be it the sources or the compiled package. */
export const plumblineVersion: string = readVersion();

function readVersion(): string {
  for (const up of ['../package.json', '../../package.json']) {
    const file = new URL(up, import.meta.url);
    if (!existsSync(file)) continue;
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version?: string };
    if (version !== undefined) return version;
  }
  return 'unknown';
}
