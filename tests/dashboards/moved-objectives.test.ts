/** With other objectives and other bounds of validity, boards and alerts built anew have the new numbers, and the old ones nowhere. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ClassObjectives } from '../../scenarios/class-objectives.ts';
import type { BoardJson } from './committed.ts';

const paths = { classes: '../../scenarios/class-objectives.ts', validity: '../../scenarios/validity-limits.ts', crud: '../../scenarios/crud.ts' };

/** What stands for a promise or a bound where it is drawn, and where it is spoken of; before and after. */
const drawn = { before: [0.001, 0.999, 0.95, 0.01, 0.02], after: [0.0037, 0.9963, 0.92, 0.013, 0.0041, 0.027, 0.0019] };
const spoken = {
  before: ['99.9%', '95% is', '0.1%', '10 ms', '20 ms', '5% of the median'],
  after: ['99.63%', '92% is', '0.37%', '13 ms', '0.41%', '27 ms', '7% of the median'],
};

beforeEach(() => vi.resetModules());
afterEach(() => {
  for (const path of Object.values(paths)) vi.doUnmock(path);
});

function move(): void {
  vi.doMock(paths.classes, async (original) => {
    const { classObjectives, ...others } = await original<typeof import('../../scenarios/class-objectives.ts')>();
    const moved = ({ latency, firstEvent, availability }: ClassObjectives): ClassObjectives => ({
      latency: { ...latency, allowedRatio: 0.08 },
      ...(firstEvent && { firstEvent: { ...firstEvent, allowedRatio: 0.08 } }),
      availability: { ...availability, allowedRatio: 0.0037 },
    });
    return { ...others, classObjectives: Object.fromEntries(Object.entries(classObjectives).map(([name, each]) => [name, moved(each)])) };
  });
  vi.doMock(paths.validity, () => ({
    validityLimits: { scheduleLagP99Ms: 13, scheduleLagShareOfMedian: 0.07, achievedRatio: 0.98, droppedRatio: 0.0041, loopDelayP99Ms: 27 },
  }));
  vi.doMock(paths.crud, async (original) => {
    const { default: scenario } = await original<typeof import('../../scenarios/crud.ts')>();
    return { default: { ...scenario, objectives: scenario.objectives.map((each) => (each.metric === 'errorRatio' ? { ...each, max: 0.0019 } : each)) } };
  });
}

async function build(): Promise<{ thresholds: number[]; text: string; rules: string }> {
  const { allBoards } = await import('../../dashboards/index.ts');
  const { buildRules } = await import('../../dashboards/rules/index.ts');
  const boards = allBoards as unknown as BoardJson[];
  const json = JSON.stringify(boards);
  return {
    thresholds: [...json.matchAll(/"value":([\d.]+)/g)].map(([, value]) => Number(value)),
    text: boards.flatMap(({ panels }) => panels.map(({ description = '' }) => description)).join('\n'),
    rules: Object.values(buildRules()).join('\n'),
  };
}

it('as they are, the numbers are those of today', async () => {
  const { thresholds, text } = await build();
  expect(thresholds).toEqual(expect.arrayContaining(drawn.before));
  for (const words of spoken.before) expect(text).toContain(words);
});

it('moved, no old number is left', async () => {
  move();
  const { thresholds, text, rules } = await build();
  expect(thresholds).toEqual(expect.arrayContaining(drawn.after));
  expect(thresholds.filter((value) => drawn.before.includes(value))).toEqual([]);
  for (const words of spoken.after) expect(text).toContain(words);
  for (const words of spoken.before) expect(text).not.toMatch(new RegExp(`(?<![\\d.])${words.replaceAll('.', '\\.')}`));
  for (const expr of ['vector(0.08)', 'vector(0.0037)', '> 0.013 and', '> 0.027']) expect(rules).toContain(expr);
  for (const expr of ['vector(0.05)', 'vector(0.001)', '> 0.02\n']) expect(rules).not.toContain(expr);
});
