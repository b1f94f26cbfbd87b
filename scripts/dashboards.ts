/** Writes what dashboards/ builds: `dashboards/generated/`. Run it after a change there; a test fails while the two differ. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedFiles } from '../dashboards/index.ts';

const folder = fileURLToPath(new URL('../dashboards/generated', import.meta.url));
mkdirSync(folder, { recursive: true });
const files = generatedFiles();
for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(join(folder, name));
for (const [name, text] of files) writeFileSync(join(folder, name), text);
console.log(`${files.size} boards in dashboards/generated`);
