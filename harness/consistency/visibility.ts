/**
 * Uniquely marked versions are written, all channels of a version at once, and read over many connections at chosen times after their acknowledgement: half of the reads
 * spread over the whole window, half where earlier writes became visible, since only there a read tells much.
 */
import { keyedRandom } from '../../scenarios/random.ts';
import type { StudyChannel } from '../../scenarios/study-types.ts';
import type { DriveReport } from '../drive/driver.ts';
import { plannedWrites, type PlannedWrite } from './visibility-plan.ts';
import { storeMomentMs } from './store-moment.ts';
import { type FirstLook, inParallel, prepare, readFinals, reportedLoad, type Window } from './study-leg.ts';
import { anotherSession, type Session } from './session.ts';
import type { UserClient, Written } from './user-client.ts';
import type { AimedRead } from './visibility-curve.ts';

/** An aimed read, and whether its write was made at the full rate or at half of it. */
export type RatedRead = AimedRead & { rate: 'full' | 'half' };

export interface VisibilityLeg {
  window: Window;
  /** By channel. */
  aimed: Map<string, RatedRead[]>;
}

/** Versions of one conversation. */
export const versionsEach = 4;
const spreadReads = 6;
const focusedReads = 6;
/** Of each write of a channel. */
export const readsEach = spreadReads + focusedReads;
const recentWrites = 20;
/** Around the time at which earlier writes became visible. */
const focusMarginShare = 0.1;
const leastFocusMarginMs = 4;

export async function driveVisibility(client: UserClient, look: FirstLook, found: (leg: VisibilityLeg) => void): Promise<DriveReport> {
  const { study } = client;
  const { sessions, window } = await prepare(client, Math.max(1, Math.ceil(study.count / versionsEach)), look);
  const aimed = new Map(study.channels.map(({ name }): [string, RatedRead[]] => [name, []]));
  found({ window, aimed });
  const writers = sessions.map((session) => new Writer(client, session, window, aimed));
  return reportedLoad(
    client,
    async (fromMs) => {
      const underWay: Promise<void>[] = [];
      let fault: unknown;
      const note = (error: unknown): void => {
        fault ??= error;
      };
      for (const planned of plannedWrites(study.count, study.ratePerSecond)) {
        await client.until(fromMs + planned.atMs);
        if (fault !== undefined) break;
        const writer = writers[planned.index % writers.length];
        if (writer) underWay.push(writer.version(planned, fromMs + planned.atMs).catch(note));
      }
      await Promise.all(underWay);
      if (fault !== undefined) throw fault;
    },
    async () => {
      await inParallel(writers.length, async (index) => writers[index]?.settled());
      await readFinals(client, sessions, window);
    },
  );
}

/** A session, and the request of it that is under way: meanwhile it asks nothing else, since of two answers nobody could say which one it knew last. */
interface Taker {
  session: Session;
  busy: Promise<unknown> | undefined;
}

/** The writers of one conversation, one a channel, and its readers: two others, and as many more as are wanted at the same time. */
class Writer {
  readonly #client: UserClient;
  readonly #index: number;
  readonly #key: string;
  readonly #writers: Map<StudyChannel, Taker>;
  readonly #takers: Taker[];
  readonly #first: Session;
  readonly #window: Window;
  readonly #aimed: Map<string, RatedRead[]>;
  readonly #versions = new Map<string, number>();
  #open: Written[] = [];
  #version = 0;
  #reads = 0;

  constructor(client: UserClient, session: Session, window: Window, aimed: Map<string, RatedRead[]>) {
    this.#client = client;
    this.#index = session.index;
    this.#key = session.key;
    this.#first = session;
    const taker = (own: Session): Taker => ({ session: own, busy: undefined });
    this.#writers = new Map(
      client.study.channels.map((channel, at) => [channel, taker(at === 0 ? session : anotherSession(session, `${channel.name}-writer`))]),
    );
    this.#takers = [...this.#writers.values(), ...['reader-a', 'reader-b'].map((name) => taker(anotherSession(session, name)))];
    this.#window = window;
    this.#aimed = aimed;
  }

  async version({ index, rate }: PlannedWrite, dueAtMs: number): Promise<void> {
    await this.settled();
    const client = this.#client;
    this.#version += 1;
    const version = this.#version;
    const written = [...this.#writers].map(([channel, taker]) => {
      const value = client.mark(channel.name, this.#index, version);
      this.#versions.set(value, version);
      const sent = client.write(taker.session, channel, value, { version }, { intendedAtMs: dueAtMs });
      occupy(taker, sent.request.acknowledged);
      return { channel, value, written: sent };
    });
    this.#open = written.map((entry) => entry.written);
    await Promise.all(
      written.map(async ({ channel, value, written: { request, operation } }) => {
        await request.acknowledged;
        const fromMs = operation.completedAtMs;
        if (operation.outcome === 'ok' && fromMs !== undefined)
          await this.#aim(channel, value, { version, index, rate }, fromMs, storeMomentMs(request.sample));
      }),
    );
  }

  /** The streams of the version before are over: whose answer still comes would move the place of the next message. And the writers have no read under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#open.map(({ answer }) => answer));
    for (const taker of this.#writers.values()) while (taker.busy) await taker.busy;
  }

  /** In turn, the next one that has nothing under way. */
  #reader(): Taker {
    this.#reads += 1;
    const count = this.#takers.length;
    for (let i = 0; i < count; i += 1) {
      const taker = this.#takers[(this.#reads + i) % count];
      if (taker && !taker.busy) return taker;
    }
    const more: Taker = { session: anotherSession(this.#first, `reader-${count}`), busy: undefined };
    this.#takers.push(more);
    return more;
  }

  async #aim(
    channel: StudyChannel,
    value: string,
    write: { version: number; index: number; rate: 'full' | 'half' },
    fromMs: number,
    committedAtMs: number | undefined,
  ): Promise<void> {
    const reads = this.#aimed.get(channel.name) ?? [];
    const delays = aimedDelays(reads, this.#window, this.#client.context.plan.seed, `${channel.name} ${write.index}`);
    await Promise.all(
      delays.map(async (delayMs) => {
        await this.#client.until(fromMs + delayMs);
        const reader = this.#reader();
        const read = this.#client.read(reader.session);
        occupy(reader, read);
        const { operation, sample } = await read;
        if (operation.outcome !== 'ok' || operation.completedAtMs === undefined || operation.seen === undefined) return;
        const saw =
          operation.seen.includes(value) || (channel.keeps === 'latest' && operation.seen.some((other) => this.#isLater(channel, other, write.version)));
        const readAtMs = storeMomentMs(sample);
        reads.push({
          write: write.index,
          key: this.#key,
          rate: write.rate,
          sentAfterMs: operation.invokedAtMs - fromMs,
          answeredAfterMs: operation.completedAtMs - fromMs,
          ...(committedAtMs !== undefined && readAtMs !== undefined && { afterCommitMs: readAtMs - committedAtMs }),
          saw,
        });
      }),
    );
  }

  #isLater(channel: StudyChannel, value: string, version: number): boolean {
    return value.startsWith(`${channel.name}-`) && (this.#versions.get(value) ?? 0) > version;
  }
}

function occupy(taker: Taker, work: Promise<unknown>): void {
  const busy: Promise<unknown> = work.then(
    () => {
      if (taker.busy === busy) taker.busy = undefined;
    },
    () => {
      if (taker.busy === busy) taker.busy = undefined;
    },
  );
  taker.busy = busy;
}

/** When a write is read: some over the whole window, some where the latest writes turned from unseen to seen. */
function aimedDelays(reads: readonly RatedRead[], { horizonMs, longestMs }: Window, ...seed: (string | number)[]): number[] {
  const random = keyedRandom('aim', ...seed);
  const even = (count: number, fromMs: number, toMs: number): number[] =>
    Array.from({ length: count }, (_, index) => fromMs + ((index + random()) / count) * (toMs - fromMs));
  const [fromMs, toMs] = turn(reads) ?? [0, longestMs];
  const marginMs = Math.max(leastFocusMarginMs, focusMarginShare * (toMs - fromMs));
  return [...even(spreadReads, 0, horizonMs), ...even(focusedReads, Math.max(0, fromMs - marginMs), toMs + marginMs)];
}

/** From the last miss to the first sight of the latest writes, outliers left out; undefined as long as there are too few. */
function turn(reads: readonly RatedRead[]): [number, number] | undefined {
  const latest = [...Map.groupBy(reads.slice(-recentWrites * readsEach), ({ write }) => write).values()];
  const misses = latest.map((of) => Math.max(0, ...of.filter(({ saw }) => !saw).map(({ sentAfterMs }) => sentAfterMs))).toSorted((a, b) => a - b);
  const sights = latest
    .map((of) => Math.min(...of.filter(({ saw }) => saw).map(({ sentAfterMs }) => sentAfterMs)))
    .filter(Number.isFinite)
    .toSorted((a, b) => a - b);
  if (sights.length < 5) return undefined;
  return [misses[Math.floor(misses.length * 0.1)] ?? 0, sights[Math.floor(sights.length * 0.9)] ?? 0];
}
