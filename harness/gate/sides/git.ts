import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { UsageError } from '../../usage-error.ts';

export interface GitResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs git in a folder. Throws UsageError `no_git` where there is no such program. */
export function git(folder: string, ...args: readonly string[]): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new UsageError('no_git', `git cannot be run in ${folder}: is it installed, and is that a folder?`) : error),
    );
    child.once('close', (code) => resolve({ code, stdout: stdout.trim(), stderr: stderr.trim() }));
  });
}

/** The full hash of a ref. Undefined: there is no such commit here. */
export async function commitOf(folder: string, ref: string): Promise<string | undefined> {
  const { code, stdout } = await git(folder, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`);
  return code === 0 ? stdout : undefined;
}

/** The commit that both come from. Throws UsageError `no_merge_base`. */
export async function mergeBase(folder: string, one: string, other: string): Promise<string> {
  const { code, stdout } = await git(folder, 'merge-base', one, other);
  if (code === 0 && stdout !== '') return stdout;
  throw new UsageError(
    'no_merge_base',
    `git finds no commit that ${one.slice(0, 12)} and ${other.slice(0, 12)} both come from; a shallow clone has none: fetch the whole history (git fetch --unshallow; in CI: fetch-depth: 0)`,
  );
}

/** True when the working tree differs from its commit, new files included. */
export async function isDirty(folder: string): Promise<boolean> {
  const { code, stdout } = await git(folder, 'status', '--porcelain');
  return code === 0 && stdout !== '';
}

/** `<commit> clean`, or `<commit> <hash of all that differs>`, new files included, without the folder that results go to. Undefined: not under git. */
export async function stateOf(folder: string, resultsRoot: string | undefined): Promise<string | undefined> {
  const commit = await commitOf(folder, 'HEAD').catch(() => undefined);
  if (commit === undefined) return undefined;
  const results = resultsRoot === undefined ? '' : relative(folder, resolve(resultsRoot));
  const inside = results !== '' && !isAbsolute(results) && !results.startsWith('..');
  const paths = ['--', '.', ...(inside ? [`:(exclude)${results}`] : [])];
  const changed = (await git(folder, 'diff', '--binary', 'HEAD', ...paths)).stdout;
  const files = (await git(folder, 'ls-files', '-z', '--others', '--exclude-standard', ...paths)).stdout.split('\u0000').filter((name) => name !== '');
  if (changed === '' && files.length === 0) return `${commit} clean`;
  const hash = createHash('sha256').update(changed);
  for (const name of files.toSorted())
    hash
      .update(`\u0000${name}\u0000`)
      // A link to a folder, or a file that is gone by now.
      .update(await readFile(join(folder, name)).catch(() => ''));
  return `${commit} ${hash.digest('hex').slice(0, 16)}`;
}
