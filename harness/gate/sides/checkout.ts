/** A folder with a server's sources, made ready to be started: its dependencies, and how it is started. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { SideName } from '../types.ts';
import { lastWords, SideFault } from './side.ts';
import { unset } from './started-program.ts';

export interface CheckoutOptions {
  side: SideName;
  folder: string;
  /** Where the dependencies may be installed already: taken over when they are those of the checkout's lock file. */
  installed: string | undefined;
  /** Shell command; absent: `npm ci` where there is a lock file, else `npm install`, else nothing. */
  install: string | undefined;
  /** Names of variables that installing does not get of our environment: packages run scripts of their own. */
  withheld?: readonly string[];
  say(line: string): void;
}

/** Throws SideFault, stage `build`. */
export async function installDependencies(options: CheckoutOptions, signal: AbortSignal): Promise<void> {
  const { side, folder, installed, say } = options;
  if (options.install !== undefined) {
    say(`${side}: ${options.install}`);
    await shell(options.install, options, signal);
    return;
  }
  if (!existsSync(join(folder, 'package.json')) || existsSync(join(folder, 'node_modules'))) return;
  if (installed !== undefined && (await sameDependencies(folder, installed))) {
    say(`${side}: dependencies are those of ${installed}`);
    await symlink(join(installed, 'node_modules'), join(folder, 'node_modules'));
    return;
  }
  const command = existsSync(join(folder, 'package-lock.json')) ? 'npm ci' : 'npm install';
  say(`${side}: ${command}`);
  await shell(command, options, signal);
}

/** What npm installed in `installed` is, package by package, what the lock file of `folder` asks for. */
async function sameDependencies(folder: string, installed: string): Promise<boolean> {
  const wanted = await packagesOf(join(folder, 'package-lock.json'));
  const present = await packagesOf(join(installed, 'node_modules', '.package-lock.json'));
  if (!wanted || !present) return false;
  const isThere = Object.entries(wanted).every(([path, { version, optional, link }]) => path === '' || link || optional || present[path]?.version === version);
  return isThere && Object.entries(present).every(([path, { version }]) => wanted[path]?.version === version);
}

type Packages = Record<string, { version?: string; optional?: boolean; link?: boolean }>;

async function packagesOf(file: string): Promise<Packages | undefined> {
  try {
    return (JSON.parse(await readFile(file, 'utf8')) as { packages?: Packages }).packages;
  } catch {
    return undefined;
  }
}

/** `reference-server/main.ts` where the checkout is plumbline itself; undefined: it is somebody else's server. */
export async function ownMainFile(folder: string): Promise<string | undefined> {
  const file = join(folder, 'reference-server', 'main.ts');
  try {
    const { name } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { name?: string };
    return name === 'plumbline-bench' && existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

function shell(command: string, { side, folder, withheld }: CheckoutOptions, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('env', [...unset(withheld), 'sh', '-c', command], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], signal });
    let words = '';
    for (const output of [child.stdout, child.stderr]) {
      output.setEncoding('utf8').on('data', (text: string) => {
        words = (words + text).slice(-8_000);
      });
    }
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new SideFault(side, 'build', `\`${command}\` ended with code ${code}: ${lastWords(words)}`));
    });
  });
}
