import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve as resolvePath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GateFile, GatePilot } from '../../harness/gate/gate-file.ts';

const cli = fileURLToPath(new URL('../../harness/cli.ts', import.meta.url));
const serverFile = fileURLToPath(new URL('./small-server.mjs', import.meta.url));
const node = process.execPath;
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-gate-live-'));
  writeFileSync(
    join(folder, 'small.json'),
    JSON.stringify({
      name: 'small',
      description: 'One request.',
      load: { kind: 'constant', ratePerSecond: 30 },
      durationMs: 1_000,
      maxInFlight: 40,
      journeys: [{ name: 'one', steps: [{ id: 'one', operation: 'slow', method: 'GET', path: '/slow' }] }],
      objectives: [],
    }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  code: number | null;
  output: string;
  gate: GateFile;
  directory: string;
}

/** 140 requests an epoch: after 8 of them 0.5% more errors are ruled out, as a pass needs. */
const common = ['--scenario', 'small.json', '--rate', '140', '--samples', '140', '--warmup', '300ms', '--block', '250ms', '--no-pilot', '--out', 'results'];
/** Wide enough that no busy machine is a regression. */
const wide = ['--margin', 'p50=60%,p95=150%,p99=500%,floor=15ms'];
const server = (settings = ''): string => `cmd:exec ${node} ${serverFile} ${settings}`;

function start(base: string, head: string, flags: readonly string[], cwd = folder): { child: ChildProcess; ended: Promise<Outcome> } {
  const child = spawn(node, [cli, 'gate', '--base', base, '--head', head, ...common, ...flags], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<Outcome>((resolve) => {
    child.once('close', (code) => {
      // As the gate tells it: two of one second are in no order by their names.
      const directory = reportedIn(output, cwd) ?? latest(cwd);
      resolve({ code, output, directory, gate: gateIn(directory) });
    });
  });
  return { child, ended };
}

const reportedIn = (output: string, cwd: string): string | undefined => {
  const told = /^report: (.*)\/report\.md$/m.exec(output)?.[1];
  return told === undefined ? undefined : resolvePath(cwd, told);
};
const latest = (cwd: string): string => join(cwd, 'results', readdirSync(join(cwd, 'results')).toSorted().at(-1) ?? '');
const gateIn = (directory: string): GateFile => JSON.parse(readFileSync(join(directory, 'gate.json'), 'utf8')) as GateFile;

const run = (base: string, head: string, flags: readonly string[] = [], cwd = folder): Promise<Outcome> => start(base, head, [...wide, ...flags], cwd).ended;

describe("the gate on somebody else's server", () => {
  it('passes the same server, and judges the recorded epochs as it did', async () => {
    const live = await run(server(), server(), ['--on-inconclusive', 'retry:3']);
    expect(live.output).toContain('PASS');
    expect(live.code).toBe(0);
    expect(live.gate.epochs.filter(({ valid }) => valid)).toHaveLength(8);
    expect(live.gate.metrics.map(({ id }) => id)).toEqual(expect.arrayContaining(['slow latency p50', 'slow latency p95', 'all cpu', 'all throughput']));
    const [p50] = live.gate.metrics;
    expect(p50?.baseMs[0]).toBeGreaterThanOrEqual(20);
    expect(p50?.samplesEach).toBe(140);
    const again = await run(live.directory, live.directory, ['--scenario', 'small.json']);
    expect(again.code).toBe(0);
    expect(again.gate.recordedFrom).toEqual([live.directory]);
    expect(again.gate.decision?.metrics.map(({ change }) => change)).toEqual(live.gate.decision?.metrics.map(({ change }) => change));
  }, 150_000);

  it('fails a head that has become slower, and names the operation', async () => {
    const { code, gate } = await run(server(), server('wait=80'), ['--on-inconclusive', 'retry:3']);
    expect(gate.verdict.verdict).toBe('fail');
    expect(gate.verdict.reasons.join()).toMatch(/slow latency p50: 2\d\d\.\d% slower|slow latency p50: 3\d\d\.\d% slower/);
    expect(code).toBe(99);
  }, 150_000);

  it('passes a head with an endpoint more, which is told and not compared', async () => {
    const other = join(folder, 'more');
    mkdirSync(other);
    const journey = (name: string) => ({ name, steps: [{ id: name, operation: name, method: 'GET', path: `/${name}` }] });
    const small = JSON.parse(readFileSync(join(folder, 'small.json'), 'utf8')) as object;
    writeFileSync(join(other, 'small.json'), JSON.stringify({ ...small, journeys: [journey('slow'), journey('new')] }));
    const flags = ['--samples', '70', '--on-inconclusive', 'retry:3'];
    const { code, gate, output, directory } = await run(server(), server('path=/slow,/new'), flags, other);
    expect(code, output).toBe(0);
    expect(gate.metrics.filter(({ headOnly }) => headOnly).map(({ id }) => id)).toEqual(['new latency p50', 'new latency p95']);
    expect(gate.notes?.join()).toMatch(/^head only: not compared: small: new: base answered 404 or 405 to all of \d+ requests, head answered (\d+) of \1 ok$/);
    expect(readFileSync(join(directory, 'report.md'), 'utf8')).toContain('head only: not compared');
  }, 150_000);

  it('says that a URL decides nothing', async () => {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const up = spawn(node, [serverFile], { env: { ...process.env, PORT: String(port) } });
    try {
      const { code, gate, directory } = await run(`url:http://127.0.0.1:${port}`, `url:http://127.0.0.1:${port}`, ['--max-minutes', '0.2']);
      expect(gate.verdict.verdict).not.toBe('pass');
      expect(code).toBe(75);
      expect(gate.metrics.every(({ advisory }) => advisory === 'a side is a URL and cannot be started afresh')).toBe(true);
      const again = await run(directory, directory, ['--scenario', 'small.json']);
      expect(again.code).toBe(75);
      expect(again.gate.metrics.every(({ advisory }) => advisory === 'a side is a URL and cannot be started afresh')).toBe(true);
    } finally {
      up.kill();
    }
  }, 90_000);
});

describe('a side that is broken', () => {
  it.each([
    ['does not start', 'start=no', /did not start: .*ended by itself, with code 3; its last words: no database at db\.example/],
    ['dies half-way', 'dies=20', /ended by itself, with code 7/],
    ['has another API', 'path=/other', /small: none of \d+ requests was answered ok, most often: slow \(request .*\): status 404/],
  ])(
    '%s: of head it is a failure of the change, of base there is nothing to compare with',
    async (_name, settings, text) => {
      const [ofHead, ofBase] = [await run(server(), server(settings)), await run(server(settings), server())];
      expect(ofHead.gate.verdict.verdict).toBe('fail');
      expect(ofHead.gate.verdict.reasons[0]).toMatch(/^head is broken, and base is not: /);
      expect(ofHead.gate.verdict.reasons[0]).toMatch(text);
      expect(ofHead.code).toBe(99);
      expect(['invalid', 'inconclusive']).toContain(ofBase.gate.verdict.verdict);
      expect(ofBase.gate.verdict.reasons[0]).toMatch(/^base (is broken|cannot be started): /);
      expect(ofBase.gate.verdict.reasons[0]).toMatch(text);
      expect(ofBase.code).toBe(75);
    },
    60_000,
  );

  it('answers errors that base does not: it fails at once', async () => {
    const { code, gate } = await run(server(), server('fails=10'));
    expect(code).toBe(99);
    expect(gate.epochs.filter(({ valid }) => valid).length).toBeLessThan(8);
    expect(gate.errors[0]?.newKinds[0]?.kind).toMatch(/^status 500/);
  }, 60_000);

  it('cannot take the offered load: head alone fails, both are invalid', async () => {
    const compare = (): Promise<Outcome> => run(server(), server('wait=3000'));
    const first = await compare();
    // A driver that was late because of another program makes it invalid, and says nothing of head: once more.
    const alone = first.gate.verdict.reasons.join().includes(', driving ') ? await compare() : first;
    expect(alone.gate.verdict.verdict).toBe('fail');
    expect(alone.gate.verdict.reasons.join()).toMatch(/cannot take the offered load/);
    const both = await run(server('wait=3000'), server('wait=3000'));
    expect(both.gate.verdict.verdict).toBe('invalid');
    expect(both.code).toBe(75);
  }, 150_000);
});

describe('a gate that is stopped', () => {
  it('keeps what it has, stops both sides, and goes on with --resume', async () => {
    const { child, ended } = start(server(), server(), wide);
    await new Promise<void>((resolve) => {
      child.stdout?.on('data', (text: string) => {
        if (text.includes('epoch 2:')) resolve();
      });
    });
    child.kill('SIGINT');
    const stopped = await ended;
    expect(stopped.code).toBe(75);
    expect(stopped.gate.interrupted).toBe(true);
    expect(stopped.gate.verdict.reasons[0]).toMatch(/^interrupted after/);
    expect(stopped.gate.epochs.length).toBeGreaterThanOrEqual(2);
    const listed = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).stdout;
    expect(listed.split('\n').filter((line) => line.includes(serverFile) && !line.includes(' gate '))).toEqual([]);
    const resumed = await start(server(), server(), [...wide, '--resume', stopped.directory]).ended;
    expect(resumed.gate.gateId).toBe(stopped.gate.gateId);
    expect(resumed.gate.epochs.slice(0, 2)).toEqual(stopped.gate.epochs.slice(0, 2));
    // On a machine that is too busy for the load it ends earlier, as invalid.
    expect(resumed.gate.epochs.length, resumed.output).toBeGreaterThan(stopped.gate.epochs.length);
  }, 150_000);

  it('that was killed goes on with its pilot, seed and flags, none of them given again; judged again, it is the same', async () => {
    const command = (...flags: string[]) => spawnSync(node, [cli, 'gate', ...flags], { cwd: folder, encoding: 'utf8' });
    const begun = [...common, ...wide, '--pilot', '2', '--seed', '7'];
    const child = spawn(node, [cli, 'gate', '--base', server(), '--head', server(), ...begun], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    await new Promise<void>((resolve) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (/^epoch 2:/m.test(output)) resolve();
      });
      // Before it was to: the expectations say so.
      child.once('close', () => resolve());
    });
    const sides = spawnSync('ps', ['-o', 'pid=', '--ppid', String(child.pid)], { encoding: 'utf8' })
      .stdout.trim()
      .split(/\s+/)
      .filter(Boolean)
      .map(Number);
    const closed = child.exitCode === null ? new Promise((resolve) => child.once('close', resolve)) : undefined;
    child.kill('SIGKILL');
    await closed;
    // Nobody is left to stop them.
    for (const pid of sides) {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
    const directory = latest(folder);
    expect(readdirSync(directory)).not.toContain('gate.json');
    const plan = JSON.parse(readFileSync(join(directory, 'plan.json'), 'utf8')) as { state: string; seed: number; pilot: GatePilot; spentMs: number };
    expect(plan).toMatchObject({ state: 'running', seed: 7, pilot: { epochs: 2 } });
    expect(plan.spentMs).toBeGreaterThan(plan.pilot.durationMs);

    const resumed = command('--resume', directory);
    expect(resumed.stdout, resumed.stderr).not.toMatch(/^pilot epoch/m);
    const gate = gateIn(directory);
    expect(gate).toMatchObject({ seed: 7, pilot: plan.pilot });
    expect(gate.epochs.length, resumed.stdout + resumed.stderr).toBeGreaterThan(2);

    const again = command('--base', directory, '--head', directory);
    expect(again.status, again.stderr).toBe(resumed.status);
    expect(gateIn(reportedIn(again.stdout, folder) ?? 'nowhere')).toMatchObject({
      recordedFrom: [directory],
      seed: 7,
      pilot: plan.pilot,
      decision: gate.decision,
      verdict: gate.verdict,
    });
    const more = command('--resume', directory);
    expect(more.status).toBe(2);
    expect(more.stderr).toMatch(/has ended \((it has had its last look|3 epochs in a row were invalid)\)/);
  }, 150_000);

  it('by its time is not measured again when that cannot get to a verdict', async () => {
    const { gate, output, code } = await run(server(), server(), ['--max-minutes', '0.1', '--on-inconclusive', 'retry:2']);
    expect(code).toBe(75);
    expect(gate.epochs.length).toBeGreaterThanOrEqual(1);
    expect(gate.epochs.length).toBeLessThan(8);
    expect(output).toContain('not measured again, too little of --max-minutes is left');
  }, 60_000);
});

describe('two commits', () => {
  it('compares head with the merge base, each built in a worktree that is gone afterwards', async () => {
    const repository = mkdtempSync(join(tmpdir(), 'plumbline-gate-repo-'));
    const git = (...args: string[]): string => {
      const { stdout, stderr, status } = spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
        cwd: repository,
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
      return stdout.trim();
    };
    const commit = (wait: number): string => {
      writeFileSync(
        join(repository, 'package.json'),
        JSON.stringify({ name: 'small', scripts: { build: 'mkdir dist && cp server.mjs dist', start: `node dist/server.mjs wait=${wait}` } }),
      );
      git('add', '-A');
      git('commit', '-qm', `wait ${wait}`);
      return git('rev-parse', 'HEAD');
    };
    try {
      git('init', '-q', '-b', 'main');
      cpSync(serverFile, join(repository, 'server.mjs'));
      cpSync(join(folder, 'small.json'), join(repository, 'small.json'));
      const fork = commit(20);
      git('checkout', '-qb', 'change');
      const head = commit(90);
      git('checkout', '-q', 'main');
      // What main has got since is no change of head's.
      commit(95);
      const { code, gate } = await run('git:main', 'change', ['--install', 'npm run build', '--on-inconclusive', 'retry:3'], repository);
      expect(gate.sides.base.commit).toBe(fork);
      expect(gate.sides.head.commit).toBe(head);
      expect(code).toBe(99);
      expect(git('worktree', 'list').split('\n')).toHaveLength(1);
    } finally {
      rmSync(repository, { recursive: true, force: true });
    }
  }, 150_000);
});
