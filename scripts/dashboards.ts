/** Writes what dashboards/ builds: `dashboards/generated/` and `prometheus/rules/`. Run it after a change there; tests fail while the two differ. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedFiles } from '../dashboards/index.ts';
import { buildRules } from '../dashboards/rules/index.ts';

write('dashboards/generated', generatedFiles());
write('prometheus/rules', new Map(Object.entries(buildRules())));

/** The folder holds these files and no others. */
function write(path: string, files: ReadonlyMap<string, string>): void {
  const folder = fileURLToPath(new URL(`../${path}`, import.meta.url));
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(join(folder, name));
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  console.log(`${files.size} files in ${path}`);
}
