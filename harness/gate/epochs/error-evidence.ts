/** Failed requests and kinds of error of both sides, epoch by epoch. Pure. */
import type { ErrorEpochs, NewKind, SideName } from '../types.ts';
import type { EpochSide } from './epoch-record.ts';
import { headOnlyOf, isUnknown, operationKey } from './head-only.ts';

/** What of a record says which requests failed. */
export interface ErrorCounts {
  sides: Record<SideName, Pick<EpochSide, 'scenarios'>>;
}

/** `crud status 503`: kinds are told for the scenario as a whole. */
function keyOf(scenario: string, kind: string): string {
  return `${scenario} ${kind}`;
}

/**
 * Every kind of error that either side of these records has: of a pilot both are base, so that none of them is new. What base answers to an operation that it does not know is
 * left out: the same from head, of another operation, is new all the same.
 */
export function errorKindsOf(records: readonly ErrorCounts[]): Set<string> {
  return new Set(
    records.flatMap(({ sides }) =>
      [sides.base, sides.head].flatMap(({ scenarios }) =>
        scenarios.flatMap((one) => one.errors.flatMap(({ operation, kind }) => (isUnknown(one, operation) ? [] : keyOf(one.scenario, kind)))),
      ),
    ),
  );
}

/**
 * Kinds that head has and base has not are told for the scenario as a whole: a refusal that base knows from another operation is no new kind.
 * @param known `errorKindsOf` a pilot: what base has been seen to answer before
 */
export function errorsOf(records: readonly ErrorCounts[], known: ReadonlySet<string> = new Set()): ErrorEpochs[] {
  const knownFrom = new Map<string, number>();
  const headOnly = headOnlyOf(records);
  for (const [epoch, { sides }] of records.entries()) {
    for (const { scenario, errors } of sides.base.scenarios) {
      for (const { operation, kind } of errors) {
        if (headOnly.has(operationKey(scenario, operation)) || knownFrom.has(keyOf(scenario, kind))) continue;
        knownFrom.set(keyOf(scenario, kind), epoch);
      }
    }
  }
  const operations = new Map<string, ErrorEpochs>();
  for (const [epoch, { sides }] of records.entries()) {
    for (const side of ['base', 'head'] as const) {
      for (const { scenario, operations: counts } of sides[side].scenarios) {
        for (const [operation, count] of Object.entries(counts)) {
          const key = `${scenario} ${operation}`;
          const entry = operations.get(key) ?? noErrors(scenario, operation, records.length);
          operations.set(key, entry);
          if (headOnly.has(operationKey(scenario, operation))) entry.headOnly = true;
          entry[side][epoch] = count;
        }
      }
    }
    for (const { scenario, errors } of sides.head.scenarios) {
      for (const { operation, kind, count } of errors) {
        const from = knownFrom.get(keyOf(scenario, kind));
        if (known.has(keyOf(scenario, kind)) || (from !== undefined && from <= epoch)) continue;
        const kinds = operations.get(`${scenario} ${operation}`)?.newKinds;
        const same = kinds?.find((one) => one.kind === kind) ?? newKind(kind, records.length, from);
        if (same.count === 0) kinds?.push(same);
        same.count += count;
        same.byEpoch[epoch] = count;
      }
    }
  }
  return [...operations.values()];
}

function newKind(kind: string, epochs: number, knownFrom: number | undefined): NewKind {
  return { kind, count: 0, byEpoch: Array.from({ length: epochs }, () => 0), ...(knownFrom !== undefined && { knownFrom }) };
}

function noErrors(scenario: string, operation: string, epochs: number): ErrorEpochs {
  return { scenario, operation, base: empty(epochs), head: empty(epochs), newKinds: [] };
}

function empty(epochs: number): ErrorEpochs['base'] {
  return Array.from({ length: epochs }, () => [0, 0]);
}
