/** Operations that head answers and base does not know: they are the change, and there is nothing to compare them with. Pure. */
import type { SideName } from '../types.ts';
import type { EpochSide, ScenarioCounts } from './epoch-record.ts';

/** An operation of a scenario; counts as in `ScenarioCounts.operations`, over all records. */
export interface HeadOnly {
  scenario: string;
  operation: string;
  base: [failed: number, requests: number];
  head: [failed: number, requests: number];
}

interface Answers {
  sides: Record<SideName, Pick<EpochSide, 'scenarios'>>;
}

/** How a server says that it has no such endpoint, or not with this method. */
const unknownStatus = /^status 40[45]\b/;

export function operationKey(scenario: string, operation: string): string {
  return `${scenario}\u0000${operation}`;
}

/** Whether the side answered every request of the operation with 404 or 405. */
export function isUnknown({ operations, errors }: Pick<ScenarioCounts, 'operations' | 'errors'>, operation: string): boolean {
  const [failed, requests] = operations[operation] ?? [0, 0];
  if (requests === 0 || failed < requests) return false;
  const kinds = errors.filter((one) => one.operation === operation);
  return kinds.length > 0 && kinds.every(({ kind }) => unknownStatus.test(kind));
}

/** By `operationKey`: unknown to base in every record that has requests of them, and answered ok by head at least once. */
export function headOnlyOf(records: readonly Answers[]): Map<string, HeadOnly> {
  const found = new Map<string, HeadOnly>();
  const known = new Set<string>();
  for (const { sides } of records) {
    for (const counts of sides.base.scenarios) {
      for (const [operation, [failed, requests]] of Object.entries(counts.operations)) {
        const key = operationKey(counts.scenario, operation);
        if (requests === 0 || known.has(key)) continue;
        if (!isUnknown(counts, operation)) {
          known.add(key);
          found.delete(key);
          continue;
        }
        const entry = found.get(key) ?? { scenario: counts.scenario, operation, base: [0, 0], head: [0, 0] };
        entry.base = [entry.base[0] + failed, entry.base[1] + requests];
        found.set(key, entry);
      }
    }
  }
  if (found.size === 0) return found;
  for (const { sides } of records) {
    for (const { scenario, operations } of sides.head.scenarios) {
      for (const [operation, [failed, requests]] of Object.entries(operations)) {
        const entry = found.get(operationKey(scenario, operation));
        if (entry) entry.head = [entry.head[0] + failed, entry.head[1] + requests];
      }
    }
  }
  return new Map(
    [...found].filter(
      ([
        ,
        {
          head: [failed, requests],
        },
      ]) => failed < requests,
    ),
  );
}

/** For people: that nothing is said of it but whether head answers. */
export function headOnlyText({ scenario, operation, base: [, ofBase], head: [failed, ofHead] }: HeadOnly): string {
  return `head only: not compared: ${scenario}: ${operation}: base answered 404 or 405 to all of ${ofBase} requests, head answered ${ofHead - failed} of ${ofHead} ok`;
}
