/** Container images as sides, with a real engine. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planEpoch } from '../../harness/gate/epochs/epoch-plan.ts';
import { runEpoch } from '../../harness/gate/epochs/run-epoch.ts';
import { imageExists, inspectImage } from '../../harness/gate/sides/image.ts';
import { openSides, type SideOptions } from '../../harness/gate/sides/open-side.ts';
import { type RunningSide, type Side, SideFault } from '../../harness/gate/sides/side.ts';
import type { SideSpec } from '../../harness/gate/sides/side-spec.ts';
import type { Scenario } from '../../scenarios/types.ts';
import { dockerSays, hasContainers, images } from '../stack/containers.ts';
import { emptyFolder } from '../support/cli.ts';

const ready = hasContainers([images.node]);
const serverFile = fileURLToPath(new URL('./small-server.mjs', import.meta.url));
const gateId = `image-test-${process.pid}`;
const tagOf = (name: string): string => `plumbline-gate-test:${name}-${process.pid}`;
const never = new AbortController().signal;

let folder: Awaited<ReturnType<typeof emptyFolder>>;
const built: string[] = [];

/** The small server; what it does wrong is told by its arguments. */
async function build(name: string, args: readonly string[], expose: number | undefined): Promise<void> {
  const context = join(folder.path, name);
  await mkdir(context);
  await copyFile(serverFile, join(context, 'small-server.mjs'));
  const command = JSON.stringify(['node', '/small-server.mjs', 'host=0.0.0.0', ...args]);
  await writeFile(
    join(context, 'Dockerfile'),
    `FROM ${images.node}\nCOPY small-server.mjs /small-server.mjs\n${expose === undefined ? '' : `EXPOSE ${expose}\n`}CMD ${command}\n`,
  );
  const { code, text } = dockerSays('build', '--quiet', '--tag', tagOf(name), context);
  if (code !== 0) throw new Error(`the image of the small server cannot be built: ${text}`);
  built.push(tagOf(name));
}

const spec = (name: string): SideSpec => ({ kind: 'image', value: tagOf(name), given: `image:${tagOf(name)}` });
const options = (change: Partial<SideOptions> = {}): SideOptions => ({
  ...{ cwd: folder.path, gateId, profile: 'fast', readyTimeoutMs: 20_000, allowHosts: [], serverFlags: { base: [], head: [] } },
  say: () => undefined,
  ...change,
});
const open = (base: string, head: string, change: Partial<SideOptions> = {}): Promise<Record<'base' | 'head', Side>> =>
  openSides({ base: spec(base), head: spec(head) }, options(change), never);
const containers = (): string => dockerSays('ps', '--all', '--quiet', '--filter', `name=plumbline-${gateId}`).text;
const faultOf = (starting: Promise<RunningSide>): Promise<unknown> =>
  starting.then(
    async (running) => {
      await running.stop();
      return 'it started';
    },
    (error: unknown) => error,
  );

describe.skipIf(!ready)('an image as a side', () => {
  beforeAll(async () => {
    folder = await emptyFolder();
    await build('plain', [], 3_000);
    await build('silent', [], undefined);
    await build('slow', ['wait=80'], 3_000);
    await build('refuses', ['start=no'], 3_000);
    await build('dies', ['dies=3'], 3_000);
  }, 120_000);
  afterAll(async () => {
    const left = containers();
    if (left !== '') dockerSays('rm', '--force', ...left.split('\n'));
    if (built.length > 0) dockerSays('image', 'rm', '--force', ...built);
    await folder?.remove();
  }, 60_000);

  it('is told by its id; one that is not here cannot be built', async () => {
    const { id, port } = await inspectImage('head', tagOf('plain'));
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(port).toBe(3_000);
    expect((await inspectImage('head', tagOf('silent'))).port).toBeUndefined();
    expect([await imageExists(tagOf('plain')), await imageExists(tagOf('none'))]).toEqual([true, false]);
    const missing = await inspectImage('head', tagOf('none')).catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(SideFault);
    expect(missing).toMatchObject({
      side: 'head',
      stage: 'build',
      message: expect.stringMatching(/^head: no image ".*" here \(.+\); build or pull it first$/),
    });
    const { base, head } = await open('plain', 'slow', { containerPort: 9_000 });
    expect(base.identity).toMatchObject({ kind: 'image', imageId: id, how: 'containerPort: 9000' });
    expect(head.identity.imageId).not.toBe(id);
  });

  it.each([
    ['the port that it exposes', 'plain', {}],
    ['8080 where it exposes none', 'silent', {}],
    ['the port that is given', 'silent', { containerPort: 9_000 }],
  ] as const)('answers on loopback, from %s, and is gone when it is stopped', async (_name, image, change) => {
    const { head } = await open(image, image, change);
    const running = await head.start(never);
    try {
      expect(running.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      expect(await (await fetch(`${running.url}/slow`)).text()).toBe('done');
      expect(containers().split('\n')).toHaveLength(1);
      // Of node in the container: its start alone takes some 20 ms.
      expect(await running.cpuMs()).toBeGreaterThan(0);
    } finally {
      await running.stop();
    }
    expect(containers()).toBe('');
    await expect(fetch(running.url)).rejects.toThrow();
  });

  it('that ends by itself did not start, with its last words, and nothing of it is left', async () => {
    const { head } = await open('refuses', 'refuses');
    const fault = await faultOf(head.start(never));
    expect(fault).toBeInstanceOf(SideFault);
    expect(fault).toMatchObject({
      stage: 'start',
      message: 'head: did not start: its container ended by itself, with code 3; its last words: no database at db.example',
    });
    expect(containers()).toBe('');
  });

  it('that is never ready did not start, and nothing of it is left', async () => {
    const { head } = await open('plain', 'plain', { readyPath: '/nowhere', readyTimeoutMs: 2_000 });
    const fault = await faultOf(head.start(never));
    expect(fault).toMatchObject({
      stage: 'start',
      message: expect.stringMatching(/not ready within 2 s at .*\/nowhere \(\/nowhere answered 404, expected 2xx\)/),
    });
    expect(containers()).toBe('');
  });

  it('that dies half-way is lost, with its code', async () => {
    const { head } = await open('dies', 'dies');
    const running = await head.start(never);
    try {
      for (let request = 0; request < 4; request += 1) await fetch(`${running.url}/slow`).catch(() => undefined);
      expect(await running.lost).toMatch(/^its container ended by itself, with code 7; its last words: /);
    } finally {
      await running.stop();
    }
    expect(containers()).toBe('');
  });

  it('is measured against another one in an epoch like any side', async () => {
    const scenario: Scenario = {
      name: 'small',
      description: 'One request.',
      load: { kind: 'constant', ratePerSecond: 30 },
      durationMs: 1_000,
      maxInFlight: 60,
      journeys: [{ name: 'one', steps: [{ id: 'one', operation: 'slow', method: 'GET', path: '/slow' }] }],
      objectives: [],
    };
    const load = { ratePerSecond: 30, interleaving: 'blocks' as const };
    const shape = { scenarios: [{ loaded: { scenario, file: '/small.ts' }, load }], samplesEach: 30, warmupMs: 300, durationMs: 1_000, blockMs: 250 };
    const sides = await open('plain', 'slow');
    const keyed = { ...shape, draws: 'keyed' as const };
    const { sides: measured } = await runEpoch(planEpoch(keyed, 1, 0), { gateId, kind: 'measured', shape: keyed, sides, signal: never });
    const medianUs = (side: 'base' | 'head'): number => (measured[side].series[0]?.us ?? []).toSorted((a, b) => a - b)[15] ?? 0;
    expect(measured.base.series[0]?.us).toHaveLength(30);
    expect(medianUs('base')).toBeGreaterThanOrEqual(20_000);
    expect(medianUs('head') - medianUs('base')).toBeGreaterThan(30_000);
    expect(measured.head.cpuMs).toBeGreaterThanOrEqual(0);
    expect(containers()).toBe('');
  }, 60_000);
});
