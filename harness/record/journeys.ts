import type { Journey } from '../../scenarios/types.ts';
import { SignedHistogram } from '../results/histogram.ts';
import type { JourneyResult, LegResult } from '../results/run-file.ts';
import type { JourneySample, Outcome, Sample } from '../sample.ts';
import { Largest, Reservoir } from './slowest.ts';

/** Requests of journeys still under way, at most: what is beyond is not kept for waterfalls (results are not touched by it). */
const openRequestsLimit = 200_000;
/** Journeys kept to find one close to the median among: the nearest of 24 is within some 2% of ranks of it. */
const medianCandidates = 24;

interface Kept {
  journey: JourneySample;
  requests: Sample[];
}

export function emptyCounts(): Record<Outcome, number> {
  return { ok: 0, failed: 0, timeout: 0, aborted: 0, dropped: 0 };
}

/**
 * Results of journeys, measured phase only. Duration is of journeys that ended ok or by a timeout (flagged as censored); milestones are of every journey that
 * reached them. Requests are held until their journey ends and kept for a seeded choice of journeys and for the slowest, so that memory stays bounded.
 * A driver emits the journey's own record after the requests of it.
 */
export class Journeys {
  readonly #tallies = new Map<string, JourneyTally>();
  readonly #open = new Map<number, Sample[]>();
  /** Journeys of one request make no waterfall. */
  readonly #withWaterfall: ReadonlySet<string>;
  readonly #random: () => number;
  #openRequests = 0;

  constructor(journeys: readonly Journey[], random: () => number) {
    this.#withWaterfall = new Set(journeys.filter((journey) => journey.steps.length > 1).map((journey) => journey.name));
    this.#random = random;
  }

  addRequest(sample: Sample): void {
    if (sample.outcome === 'dropped' || !this.#withWaterfall.has(sample.journey) || this.#openRequests >= openRequestsLimit) return;
    this.#openRequests += 1;
    const held = this.#open.get(sample.journeyId);
    if (held) held.push(sample);
    else this.#open.set(sample.journeyId, [sample]);
  }

  add(journey: JourneySample): void {
    const requests = this.#open.get(journey.journeyId) ?? [];
    this.#open.delete(journey.journeyId);
    this.#openRequests -= requests.length;
    let tally = this.#tallies.get(journey.journey);
    if (!tally) {
      tally = new JourneyTally(this.#random);
      this.#tallies.set(journey.journey, tally);
    }
    tally.add(journey, requests);
  }

  results(): JourneyResult[] {
    return [...this.#tallies].map(([name, tally]) => tally.result(name));
  }

  waterfalls(): LegResult['waterfalls'] {
    return [...this.#tallies].flatMap(([name, tally]) => tally.waterfalls(name));
  }
}

class JourneyTally {
  readonly #counts = emptyCounts();
  readonly #duration = new SignedHistogram();
  readonly #milestones = new Map<string, SignedHistogram>();
  readonly #candidates: Reservoir<Kept>;
  readonly #slowest = new Largest<Kept>(1);
  #requests = 0;
  #connections = 0;

  constructor(random: () => number) {
    this.#candidates = new Reservoir<Kept>(medianCandidates, random);
  }

  add(journey: JourneySample, requests: Sample[]): void {
    const { outcome } = journey;
    this.#counts[outcome] += 1;
    if (outcome === 'dropped') return;
    this.#requests += journey.requests;
    this.#connections += journey.connections;
    for (const [name, ms] of Object.entries(journey.milestonesMs)) record(this.#milestone(name), ms);
    const durationMs = journey.endedAtMs - journey.intendedAtMs;
    if (outcome === 'ok' || outcome === 'timeout') {
      record(this.#duration, durationMs);
      if (outcome === 'timeout') this.#duration.censored += 1;
    }
    // Above the limit of open requests some are missing: such a journey would make a wrong picture.
    const whole = requests.length >= journey.requests || outcome !== 'ok';
    if (requests.length < 2 || !whole) return;
    const kept = { journey, requests };
    if (outcome === 'ok') this.#candidates.offer(kept);
    if (outcome !== 'aborted') this.#slowest.offer(durationMs, kept);
  }

  result(journey: string): JourneyResult {
    const sent = this.#counts.ok + this.#counts.failed + this.#counts.timeout + this.#counts.aborted;
    return {
      journey,
      counts: this.#counts,
      duration: this.#duration.toDistribution(),
      milestones: Object.fromEntries([...this.#milestones].map(([name, histogram]) => [name, histogram.toDistribution()])),
      requestsPerJourney: sent > 0 ? this.#requests / sent : 0,
      connectionsPerJourney: sent > 0 ? this.#connections / sent : 0,
    };
  }

  waterfalls(name: string): LegResult['waterfalls'] {
    const medianMs = this.#duration.toDistribution().quantiles.find(({ q }) => q === 0.5)?.ms ?? 0;
    const distance = ({ journey }: Kept): number => Math.abs(journey.endedAtMs - journey.intendedAtMs - medianMs);
    const median = this.#candidates.held.toSorted((a, b) => distance(a) - distance(b))[0];
    const slowest = this.#slowest.entries()[0]?.item;
    return [
      ...(median ? [{ label: `median ${name}`, ...median }] : []),
      ...(slowest && slowest.journey !== median?.journey ? [{ label: `slowest ${name}`, ...slowest }] : []),
    ];
  }

  #milestone(name: string): SignedHistogram {
    let histogram = this.#milestones.get(name);
    if (!histogram) {
      histogram = new SignedHistogram();
      this.#milestones.set(name, histogram);
    }
    return histogram;
  }
}

function record(histogram: SignedHistogram, ms: number): void {
  if (Number.isFinite(ms)) histogram.record(Math.round(ms * 1000));
}
