import { expect, it } from 'vitest';
import { SideTally } from '../../harness/gate/epochs/side-tally.ts';
import type { Sample } from '../../harness/sample.ts';
import { leg, measurementOf, sample } from '../record/make-sample.ts';

const countsOf = (samples: readonly Sample[]): ReturnType<SideTally['countsOf']> => {
  const tally = new SideTally();
  for (const one of samples) tally.add(leg(), one);
  return tally.countsOf(measurementOf(samples));
};
const letters = 'abcdefghijklmnopqrstuvwxyz';

it('keeps every kind of error, so that one that base has rarely is not new at head', () => {
  const { errors } = countsOf([...letters].map((letter) => sample({ outcome: 'failed', error: `kind ${letter}` })));
  expect(errors.map(({ kind }) => kind)).toEqual([...letters].map((letter) => `kind ${letter}`));
});

it('counts what was dropped as failed, and as no kind of error: it was never sent', () => {
  const { operations, errors } = countsOf([
    sample({}),
    sample({ outcome: 'dropped', error: 'too many in flight' }),
    sample({ outcome: 'failed', error: 'broken' }),
  ]);
  expect(operations).toEqual({ 'thing.read': [2, 3] });
  expect(errors.map(({ kind, count }) => [kind, count])).toEqual([['broken', 1]]);
});
