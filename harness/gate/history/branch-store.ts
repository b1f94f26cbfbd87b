import { spawn } from 'node:child_process';
import { UsageError } from '../../usage-error.ts';
import { type HistoryStore, withBreak } from './history-store.ts';

export interface BranchStoreOptions {
  /** Any folder of the repository. Its work tree, index and branch stay as they are. */
  directory: string;
  branch: string;
  /** Where the branch is fetched from and pushed to. Absent: the branch of this clone. */
  remote?: string;
  /** How often to start again when somebody else appended first. */
  tries?: number;
}

const fileName = 'history.ndjson';

/**
 * The history as `history.ndjson` of a branch that has nothing else in common with the project: made without a parent when it is not there yet, a commit an append,
 * pushed without force. Git refuses the push when the branch has moved; then it is fetched again and the lines go behind what is there.
 */
export function branchStore({ directory, branch, remote, tries = 5 }: BranchStoreOptions): HistoryStore {
  const git = (args: readonly string[], input?: string): Promise<GitResult> => runGit(directory, args, input);
  const name = `${remote === undefined ? '' : `${remote}/`}${branch}:${fileName}`;

  /** Hash of the branch's last commit; undefined while there is no branch. */
  const tip = async (): Promise<string | undefined> => {
    if (remote === undefined) {
      const found = await git(['rev-parse', '--verify', '--quiet', `refs/heads/${branch}`]);
      return found.code === 0 ? found.stdout.trim() : undefined;
    }
    const listed = must(await git(['ls-remote', remote, `refs/heads/${branch}`]), `cannot reach ${remote}`);
    const hash = listed.split('\t')[0] ?? '';
    if (hash === '') return undefined;
    must(await git(['fetch', '--quiet', '--no-tags', '--depth=1', remote, hash]), `cannot fetch ${branch} from ${remote}`);
    return hash;
  };
  const textAt = async (commit: string | undefined): Promise<string> => {
    if (commit === undefined) return '';
    const listed = must(await git(['ls-tree', commit, fileName]), `cannot list ${branch}`);
    return listed === '' ? '' : must(await git(['cat-file', 'blob', `${commit}:${fileName}`]), `cannot read ${name}`);
  };
  /** The branch's other files stay. */
  const commitWith = async (parent: string | undefined, text: string, lines: number): Promise<string> => {
    const blob = must(await git(['hash-object', '-w', '--stdin'], text), 'cannot write to the repository').trim();
    const others = parent === undefined ? '' : must(await git(['ls-tree', parent]), `cannot list ${branch}`);
    const entries = others.split('\n').filter((entry) => entry !== '' && !entry.endsWith(`\t${fileName}`));
    const tree = must(await git(['mktree'], [...entries, `100644 blob ${blob}\t${fileName}`, ''].join('\n')), 'cannot write to the repository').trim();
    const author = (await git(['config', 'user.email'])).code === 0 ? [] : ['-c', 'user.name=plumbline', '-c', 'user.email=plumbline@localhost'];
    const parents = parent === undefined ? [] : ['-p', parent];
    const message = `History: ${lines} ${lines === 1 ? 'line' : 'lines'} more`;
    return must(await git([...author, 'commit-tree', tree, ...parents, '-m', message]), 'cannot commit').trim();
  };
  /** Only if the branch is still at `parent`. */
  const move = (commit: string, parent: string | undefined): Promise<GitResult> =>
    remote === undefined
      ? git(['update-ref', `refs/heads/${branch}`, commit, parent ?? '0'.repeat(40)])
      : git(['push', '--quiet', remote, `${commit}:refs/heads/${branch}`]);

  return {
    name,
    read: async () => textAt(await tip()),
    async append(make) {
      let refused = '';
      for (let attempt = 0; attempt < tries; attempt += 1) {
        const parent = await tip();
        const text = await textAt(parent);
        const added = make(text);
        if (added === '') return;
        const commit = await commitWith(parent, text + withBreak(text) + added, added.trimEnd().split('\n').length);
        const moved = await move(commit, parent);
        if (moved.code === 0) return;
        refused = moved.stderr.trim();
        // Refused for another reason than that somebody was faster: trying again would not help.
        if ((await tip()) === parent) break;
      }
      throw new Error(`cannot append to ${name}: ${refused}. The token or key needs the right to push; a protected branch must let it.`);
    },
  };
}

interface GitResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

function must({ code, stdout, stderr }: GitResult, what: string): string {
  if (code !== 0) throw new UsageError('git', `${what}: git says: ${stderr.trim() || `exit ${code}`}`);
  return stdout;
}

export function runGit(directory: string, args: readonly string[], input = ''): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', ['-C', directory, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    // A git that ends without reading its input is told by its exit code.
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => reject(new UsageError('git', `cannot run git (${error.message}); it must be on the PATH`)));
    child.on('close', (code) => resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }));
    child.stdin.end(input);
  });
}
