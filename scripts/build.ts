/** Compiles the package: `dist/` holds JavaScript for Node 24 and later, and the files beside the sources that are read at run time. */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });
// k6's scripts have globals of their own.
for (const project of ['tsconfig.build.json', 'tsconfig.build.k6.json']) {
  const compiled = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, project)], { stdio: 'inherit' });
  if (compiled.status !== 0) throw new Error(`tsc -p ${project} ended with code ${compiled.status}`);
}
for (const file of globSync('{scenarios,harness,reference-server}/**/*.{yaml,txt,css}', { cwd: root })) {
  mkdirSync(dirname(join(dist, file)), { recursive: true });
  cpSync(join(root, file), join(dist, file));
}
