import { execFileSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeGate } from '../gate/gate-fixture.ts';
import { emptyFolder } from '../support/cli.ts';

export interface Scratch {
  path: string;
  /** A work tree with two commits on `main` and one more on `topic`, which is checked out; its remote is a bare repository. */
  clone: string;
  remote: string;
  /** The last commit of main, where `topic` began. */
  base: string;
  head: string;
  /** A command in the place of plumbline: writes the arguments it got, a gate.json and a comment, and ends with this code. */
  plumbline(code: number, verdict: 'pass' | 'fail' | 'inconclusive' | 'invalid' | 'none'): Promise<string>;
  git(...args: string[]): string;
  remove(): Promise<void>;
}

export async function scratchRepository(): Promise<Scratch> {
  const folder = await emptyFolder();
  const remote = join(folder.path, 'remote.git');
  const clone = join(folder.path, 'clone');
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', clone, '-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], { encoding: 'utf8' }).trim();
  const commit = async (name: string): Promise<string> => {
    await writeFile(join(clone, name), `${name}\n`);
    git('add', '.');
    git('commit', '--quiet', '-m', name);
    return git('rev-parse', 'HEAD');
  };
  execFileSync('git', ['init', '--quiet', '--bare', '-b', 'main', remote]);
  // A commit by its hash can be fetched, as from GitHub.
  execFileSync('git', ['-C', remote, 'config', 'uploadpack.allowAnySHA1InWant', 'true']);
  execFileSync('git', ['init', '--quiet', '-b', 'main', clone]);
  git('remote', 'add', 'origin', remote);
  await commit('one');
  const base = await commit('two');
  git('push', '--quiet', 'origin', 'main');
  git('checkout', '--quiet', '-b', 'topic');
  const head = await commit('three');
  git('push', '--quiet', 'origin', 'topic');

  return {
    ...{ path: folder.path, clone, remote, base, head, git },
    async plumbline(code, verdict) {
      const program = join(folder.path, `plumbline-${code}-${verdict}`);
      const gate = JSON.stringify(makeGate({ verdict: { verdict: verdict === 'none' ? 'invalid' : verdict, reasons: ['a reason'] } }));
      await mkdir(folder.path, { recursive: true });
      await writeFile(join(folder.path, `${verdict}.json`), gate);
      const results = `mkdir -p "$out/gate-1" && cp ${JSON.stringify(join(folder.path, `${verdict}.json`))} "$out/gate-1/gate.json" && printf '<!-- plumbline-gate -->\\n%s\\n' "${verdict}" > "$out/gate-1/comment.md" && echo '<testsuites/>' > "$out/gate-1/junit.xml"`;
      await writeFile(
        program,
        `#!/bin/sh
for given in "$@"; do echo "arg: $given"; [ "$before" != --out ] || out=$given; before=$given; done
${verdict === 'none' ? '' : results}
exit ${code}
`,
      );
      await chmod(program, 0o755);
      return program;
    },
    remove: () => folder.remove(),
  };
}
