/** Which journeys an epoch runs, and how often. Pure. */
import { isWork } from '../../../scenarios/request.ts';
import type { Scenario } from '../../../scenarios/types.ts';

/** Journeys of the same operations: by chance, one of them is as good as another. */
interface JourneyKind {
  /** Indexes into the scenario's journeys, and the share of each within the kind. */
  members: { index: number; weight: number }[];
}

function kindsOf(scenario: Scenario): JourneyKind[] {
  const kinds = new Map<string, JourneyKind>();
  for (const [index, journey] of scenario.journeys.entries()) {
    const signature = journey.steps.map((step) => (isWork(step) ? '' : step.operation)).join(' ');
    const kind = kinds.get(signature) ?? { members: [] };
    kinds.set(signature, kind);
    kind.members.push({ index, weight: journey.weight ?? 1 });
  }
  return [...kinds.values()];
}

/** How many kinds of journey an even mix takes turns of. */
export function kindCount(scenario: Scenario): number {
  return kindsOf(scenario).length;
}

/**
 * A seeded order of journeys in which each kind of journey comes equally often, so that rare operations get as many samples as frequent ones: what users do often says
 * nothing about how exactly a change must be seen. Within a kind the scenario's weights hold.
 * @param most arrivals at most, all kinds together; at least one of each kind
 */
export function evenMix(scenario: Scenario, samples: number, most: number, random: () => number): number[] {
  const kinds = kindsOf(scenario);
  const each = Math.max(1, Math.min(samples, Math.floor(most / kinds.length)));
  const order: number[] = [];
  // Round by round, so that every stretch of the epoch has all kinds.
  for (let round = 0; round < each; round += 1) {
    for (const kind of shuffled(kinds, random)) order.push(pick(kind, random));
  }
  return order;
}

function pick({ members }: JourneyKind, random: () => number): number {
  const total = members.reduce((sum, { weight }) => sum + weight, 0);
  let point = random() * total;
  for (const { index, weight } of members) {
    point -= weight;
    if (point < 0) return index;
  }
  return members.at(-1)?.index ?? 0;
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i -= 1) {
    const other = Math.floor(random() * (i + 1));
    const held = order[i] as T;
    order[i] = order[other] as T;
    order[other] = held;
  }
  return order;
}
