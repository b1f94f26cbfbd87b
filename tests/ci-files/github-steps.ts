/**
 * Runs the steps of a workflow's job or of a composite action in bash, as GitHub's runner does: expressions by GitHub's own library, `if`, `env`, outputs and summary
 * by files. Actions of others are not run: what they would have been given is told instead. Artifacts go from one job of a workflow to the next.
 */
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { data, Evaluator, Lexer, Parser } from '@actions/expressions';
import { parse } from 'yaml';

interface Step {
  id?: string;
  name?: string;
  if?: string;
  uses?: string;
  run?: string;
  shell?: string;
  env?: Record<string, string>;
  with?: Record<string, unknown>;
}

export interface StepResult {
  name: string;
  outcome: 'success' | 'failure' | 'skipped' | 'not run';
  code: number | null;
  output: string;
  outputs: Record<string, string>;
  /** Of another's action: what it would have been given. */
  with?: Record<string, string>;
}

export interface StepsRun {
  steps: StepResult[];
  /** Of a composite action. */
  outputs: Record<string, string>;
  failed: boolean;
  summary: string;
}

export interface Surroundings {
  /** What is checked out. */
  workspace: string;
  /** The contexts of expressions: `github`, `inputs`, `vars`. */
  contexts: Record<string, unknown>;
  env: Record<string, string | undefined>;
  /** Where artifacts are kept, a folder each. Absent: nowhere. */
  artifacts?: string;
}

/** The jobs of a workflow one after another, in one folder; without those that need one that failed. */
export async function runWorkflow(file: string, surroundings: Surroundings): Promise<StepsRun> {
  const workflow = parse(await readFile(file, 'utf8')) as { jobs: Record<string, { needs?: string; steps: Step[] }> };
  const artifacts = await mkdtemp(join(tmpdir(), 'plumbline-artifacts-'));
  const whole: StepsRun = { steps: [], outputs: {}, failed: false, summary: '' };
  const failed = new Set<string>();
  for (const [name, { needs, steps }] of Object.entries(workflow.jobs)) {
    const run = needs !== undefined && failed.has(needs) ? undefined : await runSteps(steps, { ...surroundings, artifacts });
    if (run === undefined || run.failed) failed.add(name);
    whole.steps.push(...(run?.steps ?? []));
    whole.summary += run?.summary ?? '';
  }
  return { ...whole, failed: failed.size > 0 };
}

/** @param folder of the action.yml */
export async function runAction(folder: string, given: Record<string, string>, surroundings: Surroundings): Promise<StepsRun> {
  const action = parse(await readFile(join(folder, 'action.yml'), 'utf8')) as {
    inputs: Record<string, { default?: string }>;
    outputs: Record<string, { value: string }>;
    runs: { steps: Step[] };
  };
  const outer = contextOf(surroundings.contexts, {}, false);
  const inputs = Object.fromEntries(
    Object.entries(action.inputs).map(([name, { default: fallback = '' }]) => [name, given[name] ?? fillIn(String(fallback), outer)]),
  );
  const unknown = Object.keys(given).filter((name) => action.inputs[name] === undefined);
  if (unknown.length > 0) throw new Error(`${folder}/action.yml has no input ${unknown.join(', ')}`);
  const env = { ...surroundings.env, GITHUB_ACTION_PATH: folder };
  const contexts = { ...surroundings.contexts, inputs };
  const run = await runSteps(action.runs.steps, { ...surroundings, contexts, env });
  const inner = contextOf(contexts, outputsOf(run.steps, action.runs.steps), run.failed);
  return { ...run, outputs: Object.fromEntries(Object.entries(action.outputs).map(([name, { value }]) => [name, fillIn(value, inner)])) };
}

async function runSteps(steps: readonly Step[], surroundings: Surroundings): Promise<StepsRun> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-steps-'));
  const summaryFile = join(folder, 'summary.md');
  await writeFile(summaryFile, '');
  const results: StepResult[] = [];
  let failed = false;
  let summary = '';
  for (const [index, step] of steps.entries()) {
    const context = contextOf(surroundings.contexts, outputsOf(results, steps), failed);
    const name = step.name ?? step.uses ?? step.run ?? '';
    const condition = step.if?.replace(/^\$\{\{|\}\}$/g, '') ?? 'success()';
    const always = /\b(always|failure|success|cancelled)\(/.test(condition);
    if (!isTrue(always ? condition : `success() && (${condition})`, context, failed)) {
      results.push({ name, outcome: 'skipped', code: null, output: '', outputs: {} });
      continue;
    }
    const given = Object.fromEntries(Object.entries(step.with ?? {}).map(([key, value]) => [key, fillIn(String(value), context)]));
    if (step.uses?.startsWith('./')) {
      const inner = await runAction(join(surroundings.workspace, step.uses), dropEmpty(given), surroundings);
      results.push({ name, outcome: inner.failed ? 'failure' : 'success', code: inner.failed ? 1 : 0, output: '', outputs: inner.outputs }, ...inner.steps);
      failed ||= inner.failed;
      summary += inner.summary;
    } else if (step.uses !== undefined) {
      results.push({ name, outcome: 'not run', code: null, output: '', outputs: {}, with: given });
      if (surroundings.artifacts !== undefined) await passArtifact(step.uses, given, surroundings.workspace, surroundings.artifacts);
    } else {
      const outputFile = join(folder, `output-${index}`);
      await writeFile(outputFile, '');
      const env = Object.fromEntries(Object.entries(step.env ?? {}).map(([key, value]) => [key, fillIn(String(value), context)]));
      const ran = await bash(step, fillIn(step.run ?? '', context), surroundings.workspace, {
        ...surroundings.env,
        ...env,
        GITHUB_ACTIONS: 'true',
        GITHUB_OUTPUT: outputFile,
        GITHUB_STEP_SUMMARY: summaryFile,
        RUNNER_TEMP: folder,
      });
      const lines = (await readFile(outputFile, 'utf8')).split('\n').filter((line) => line !== '');
      const outputs = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
      results.push({ name, outcome: ran.code === 0 ? 'success' : 'failure', ...ran, outputs });
      failed ||= ran.code !== 0;
    }
  }
  return { steps: results, outputs: {}, failed, summary: summary + (await readFile(summaryFile, 'utf8')) };
}

/** As the two actions of GitHub do with one path: a folder's content, or a file. */
async function passArtifact(uses: string, { name = '', path = '' }: Record<string, string>, workspace: string, artifacts: string): Promise<void> {
  const there = resolve(workspace, path);
  if (uses.startsWith('actions/download-artifact@')) await cp(join(artifacts, name), there, { recursive: true });
  if (!uses.startsWith('actions/upload-artifact@')) return;
  const found = await stat(there).catch(() => undefined);
  if (!found) return;
  await mkdir(join(artifacts, name));
  await cp(there, found.isDirectory() ? join(artifacts, name) : join(artifacts, name, basename(there)), { recursive: true });
}

/** GitHub takes an input that is given empty as empty; so does this, but for inputs whose expression found nothing (`inputs.base` of a pull request). */
function dropEmpty(given: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
}

function outputsOf(results: readonly StepResult[], steps: readonly Step[]): Record<string, { outputs: Record<string, string> }> {
  return Object.fromEntries(
    steps.flatMap(({ id, name, uses, run }) => {
      const found = results.find((result) => result.name === (name ?? uses ?? run ?? ''));
      return id === undefined || !found ? [] : [[id, { outputs: found.outputs }]];
    }),
  );
}

function bash(step: Step, script: string, cwd: string, env: NodeJS.ProcessEnv): Promise<{ code: number | null; output: string }> {
  // The flags that the runner gives: with `shell: bash` pipefail as well.
  const flags = step.shell === 'bash' ? ['--noprofile', '--norc', '-eo', 'pipefail'] : ['-e'];
  return new Promise((resolve, reject) => {
    const child = spawn('bash', [...flags, '-c', script], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

type Context = Record<string, unknown>;

function contextOf(contexts: Record<string, unknown>, steps: Record<string, unknown>, failed: boolean): Context {
  return { github: {}, inputs: {}, vars: {}, ...contexts, steps, failed };
}

/** Every `${{ }}` in a text. */
function fillIn(text: string, context: Context): string {
  return text.replace(/\$\{\{(.*?)\}\}/g, (_, expression: string) => evaluate(expression, context).coerceString());
}

function isTrue(expression: string, context: Context, failed: boolean): boolean {
  const filled = expression.replaceAll('always()', 'true').replaceAll('success()', String(!failed)).replaceAll('failure()', String(failed));
  const value = evaluate(filled, context);
  return value.kind === data.Kind.Boolean ? value.coerceString() === 'true' : !['', '0', 'null'].includes(value.coerceString());
}

function evaluate(expression: string, context: Context): data.ExpressionData {
  const parser = new Parser(new Lexer(expression.trim()).lex().tokens, Object.keys(context), []);
  return new Evaluator(parser.parse(), toData(context) as data.Dictionary).evaluate();
}

function toData(value: unknown): data.ExpressionData {
  if (value === undefined || value === null) return new data.Null();
  if (typeof value === 'boolean') return new data.BooleanData(value);
  if (typeof value === 'number') return new data.NumberData(value);
  if (typeof value === 'object') return new data.Dictionary(...Object.entries(value).map(([key, inner]) => ({ key, value: toData(inner) })));
  return new data.StringData(String(value));
}

/** A folder of the repository, for the tests. */
export const repository = dirname(dirname(import.meta.dirname));
