import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { emptyFolder } from '../support/cli.ts';

const cases = join(import.meta.dirname, 'rules');

/** Files of `promtool test rules`, by name. */
export async function caseFiles(): Promise<string[]> {
  return (await readdir(cases)).filter((name) => name.endsWith('.test.yml')).sort();
}

/** What promtool says of a case file, on these texts of the rule files. Failed expectations are in `output`. */
export async function testRules(promtool: string, caseFile: string, rules: Readonly<Record<string, string>>): Promise<{ ok: boolean; output: string }> {
  const folder = await emptyFolder();
  try {
    await mkdir(join(folder.path, 'rules'));
    for (const [name, text] of Object.entries(rules)) await writeFile(join(folder.path, 'rules', name), text);
    const text = await readFile(join(cases, caseFile), 'utf8');
    const moved = text.replace(/^rule_files: \[(.*)\]$/m, (_, path: string) => `rule_files: [rules/${basename(path)}]`);
    if (moved === text) throw new Error(`${caseFile} names no rule_files in one line`);
    await writeFile(join(folder.path, caseFile), moved);
    return await promisify(execFile)(promtool, ['test', 'rules', caseFile], { cwd: folder.path }).then(
      ({ stdout, stderr }) => ({ ok: true, output: stdout + stderr }),
      (error: { code: unknown; stdout: string; stderr: string }) => {
        if (error.code !== 1) throw error;
        return { ok: false, output: error.stdout + error.stderr };
      },
    );
  } finally {
    await folder.remove();
  }
}
