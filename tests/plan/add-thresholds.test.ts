import { describe, expect, it } from 'vitest';
import { withThresholds } from '../../harness/plan/add-thresholds.ts';
import type { LoadedScenario } from '../../harness/plan/load-scenario.ts';
import { UsageError } from '../../harness/usage-error.ts';
import { shipped } from '../../scenarios/index.ts';

const loaded = (...names: string[]): LoadedScenario[] =>
  names.map((name) => {
    const scenario = shipped[name];
    if (!scenario) throw new Error(name);
    return { scenario, file: `/${name}.ts` };
  });

function refusal(texts: string[], ...names: string[]): string {
  try {
    withThresholds(loaded(...names), texts);
  } catch (error) {
    if (error instanceof UsageError && error.code === 'bad_threshold') return error.message;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('withThresholds', () => {
  it('adds each to the scenarios that it fits, behind their own objectives, and changes no shipped scenario', () => {
    const before = structuredClone(shipped);
    const [crud, sse] = withThresholds(loaded('crud', 'sse'), ['p95(crud) < 700ms; error_rate < 0.1%', 'ttft p95 < 1.4s']);
    expect(crud?.scenario.objectives.slice(shipped['crud']?.objectives.length)).toEqual([
      { metric: 'latency', latencyClass: 'crud', quantile: 0.95, max: 700 },
      { metric: 'errorRatio', max: 0.001 },
    ]);
    expect(sse?.scenario.objectives.slice(shipped['sse']?.objectives.length)).toEqual([
      { metric: 'errorRatio', max: 0.001 },
      { metric: 'ttft', quantile: 0.95, max: 1_400 },
    ]);
    expect(crud?.file).toBe('/crud.ts');
    expect(shipped).toEqual(before);
  });

  it('adds to the one scenario that it names', () => {
    const [crud, sse] = withThresholds(loaded('crud', 'sse'), ['sse: error_rate < 1%']);
    expect(crud?.scenario.objectives).toEqual(shipped['crud']?.objectives);
    expect(sse?.scenario.objectives.at(-1)).toEqual({ metric: 'errorRatio', max: 0.01 });
  });

  it('leaves scenarios without any as they are', () => {
    const scenarios = loaded('crud');
    expect(withThresholds(scenarios, [])).toEqual(scenarios);
  });

  it('refuses with every fault at once, and what was meant', () => {
    const message = refusal(['p95(chat.conversation.list) < 1s', 'p95 < 5; milestone p50(laod) < 1s; crdu: p95 < 1s', 'ttft p95 < 1s'], 'crud');
    const lines = message.split('\n');
    expect(lines[0]).toBe('--threshold: 5 do not fit:');
    expect(lines).toHaveLength(6);
    expect(message).toContain('p95 < 5: given 5, expected a time with its unit');
    expect(message).toMatch(
      /p95\(chat\.conversation\.list\) < 1s: crud, operation: given "chat\.conversation\.list", .*; did you mean chat\.conversations\.list\?/,
    );
    expect(message).toContain('milestone p50(laod) < 1s: crud, milestone: given "laod", the journeys have none');
    expect(message).toContain('crdu: p95 < 1s: no scenario "crdu" in this, there is crud; did you mean crud?');
    expect(message).toContain('ttft p95 < 1s: crud, metric: ttft is of streams, and nothing that this covers is one');
  });
});
