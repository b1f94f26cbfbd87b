/** What every study's leg does around its load: opens its conversations, sends users on their way when they are due, and reads what is there in the end. */
import type { StudyChannel } from '../../scenarios/study-types.ts';
import type { DriveReport } from '../drive/driver.ts';
import { SelfWatch } from '../drive/native/self-watch.ts';
import { arrivals } from '../plan/schedule.ts';
import { plumblineVersion } from '../version.ts';
import { lostUpdates } from './checker/lost-updates.ts';
import { pilotVisibility, type Sight, witnessVisibility } from './pilot.ts';
import { anotherSession, type Session } from './session.ts';
import { answerChannel, Stopped, type UserClient } from './user-client.ts';

/** Conversations that are opened, or read in the end, at the same time. */
const concurrency = 16;
export const pilotSessions = 6;
const leastHorizonMs = 200;
const leastSettleMs = 500;
/** Delays go to so many times the longest that the first look took. */
const horizonFactor = 2;
/** A final read that fails is asked again so often at most. */
const mostFinalReads = 4;
const betweenFinalReadsMs = 250;
/** What it lacks may be late: it is asked for again at so many moments until `mostLagMs` is over. */
const finalRounds = 20;
const leastRoundMs = 500;

/** Of a run, found by its first leg. */
export interface Window {
  /** The longest that a write took to be seen in the first look. */
  longestMs: number;
  /** The same from when it was sent. */
  longestFromSentMs: number;
  /** Users' delays are spread over this. */
  horizonMs: number;
  /** After the last write, until everything is taken to have arrived. */
  settleMs: number;
  /** Of the first look's writes, those that were never seen. */
  never: number;
}

/** How a leg comes by the run's window. */
export interface FirstLook {
  /** Of an earlier leg: there is no need to look again. */
  known: Window | undefined;
  /** Has the server read as it does where nothing is remedied while this looks: else the window would hang on which cell comes first. */
  under(look: () => Promise<Window>): Promise<Window>;
}

export interface StudyUsers {
  sessions: Session[];
  window: Window;
}

/** Opens `count` conversations, waits until a client's read finds the last of them, and looks at how long writes take unless that is known already. */
export async function prepare(client: UserClient, count: number, { known, under }: FirstLook): Promise<StudyUsers> {
  const pilots = known ? 0 : pilotSessions;
  const sessions: Session[] = [];
  await inParallel(count + pilots, async (index) => {
    sessions[index] = await client.open(index);
  });
  const last = sessions.at(-1);
  if (last) await waitUntilThere(client, last);
  const window = known ?? (await under(() => look(client, sessions.slice(count).map(rehearsing), firstChannel(client))));
  return { sessions: sessions.slice(0, count), window };
}

export function firstChannel(client: UserClient): StudyChannel {
  const channel = client.study.channels[0];
  if (!channel) throw new Error(`study "${client.study.name}" has no channel to write`);
  return channel;
}

async function look(client: UserClient, sessions: readonly Session[], channel: StudyChannel): Promise<Window> {
  const { longestMs, longestFromSentMs, never, writes } = await pilotVisibility(client, sessions, channel);
  if (writes === 0) throw new Error('no write of the first look was acknowledged: see the errors of its requests');
  const reachMs = never > 0 ? client.study.mostLagMs : longestMs;
  return {
    longestMs,
    longestFromSentMs,
    never,
    horizonMs: Math.max(leastHorizonMs, horizonFactor * reachMs),
    settleMs: Math.max(leastSettleMs, horizonFactor * reachMs),
  };
}

function rehearsing(session: Session): Session {
  return { ...session, rehearsal: true };
}

/** A conversation that is not replicated yet is not found: what reads it then measures something else. */
async function waitUntilThere(client: UserClient, session: Session): Promise<void> {
  const untilMs = client.context.clock.now() + client.study.mostLagMs;
  for (;;) {
    const { answer } = await client.read(rehearsing(anotherSession(session, 'wait')), { phase: 'warm-up' });
    if (answer.kind === 'ok') return;
    if (client.context.clock.now() > untilMs)
      throw new Error(`a conversation that was opened cannot be read after ${client.study.mostLagMs} ms: the last answer was ${answer.status ?? 'none'}`);
    await client.until(client.context.clock.now() + 50);
  }
}

/** Users who come as a Poisson process; resolves when all have gone. What a user throws ends the leg, but for a stop. */
export async function sendUsers(
  client: UserClient,
  count: number,
  fromMs: number,
  ratePerSecond: number,
  user: (index: number, dueAtMs: number) => Promise<void>,
): Promise<void> {
  const underWay: Promise<void>[] = [];
  let fault: unknown;
  const note = (error: unknown): void => {
    fault ??= error;
  };
  let index = 0;
  for (const dueAtMs of arrivals({ kind: 'poisson', ratePerSecond }, fromMs, Number.POSITIVE_INFINITY, client.context.plan.seed, client.study.name)) {
    if (index >= count || fault !== undefined) break;
    await client.until(dueAtMs).catch(note);
    if (fault !== undefined) break;
    underWay.push(user(index, dueAtMs).catch(note));
    index += 1;
  }
  await Promise.all(underWay);
  if (fault !== undefined) throw fault;
}

/** Users who come, and beside them witnesses of how long writes take to be seen under their load. */
export async function sendWatchedUsers(
  client: UserClient,
  count: number,
  fromMs: number,
  witnesses: Sight,
  user: (index: number, dueAtMs: number) => Promise<void>,
): Promise<void> {
  let over = false;
  const watched = witnessVisibility(client, firstChannel(client), count + pilotSessions, witnesses, () => over);
  const sent = sendUsers(client, count, fromMs, client.study.ratePerSecond, user).finally(() => {
    over = true;
  });
  const ended = await Promise.allSettled([sent, watched]);
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}

/**
 * The last word on every conversation, after a pause for everything to arrive. Where it is not the primary that is asked, what is lacking may only be late: it is asked for
 * again until `mostLagMs` is over.
 */
export async function readFinals(client: UserClient, sessions: readonly Session[], { settleMs }: Window): Promise<void> {
  const { study, context, history } = client;
  await client.until(context.clock.now() + settleMs);
  const fromMs = context.clock.now();
  await inParallel(sessions.length, async (index) => {
    const session = sessions[index];
    if (session) await readFinal(client, session);
  });
  if (study.finalReadIsPrimary) return;
  const looked = { ...Object.fromEntries(study.channels.map(({ name, keeps }) => [name, keeps])), [answerChannel]: 'all' as const };
  const roundMs = Math.max(leastRoundMs, study.mostLagMs / finalRounds);
  while (context.clock.now() < fromMs + study.mostLagMs) {
    const lacking = new Set(lostUpdates(history.operations, looked).lost.map(({ write }) => write.key));
    if (lacking.size === 0) return;
    await client.until(context.clock.now() + roundMs);
    const those = sessions.filter(({ key }) => lacking.has(key));
    await inParallel(those.length, async (index) => {
      const session = those[index];
      if (session) await readFinal(client, session);
    });
  }
}

async function readFinal(client: UserClient, session: Session): Promise<void> {
  for (let asked = 0; asked < mostFinalReads; asked += 1) {
    if (asked > 0) await client.until(client.context.clock.now() + betweenFinalReadsMs);
    const { operation } = await client.read(anotherSession(session, 'final'), { phase: 'warm-up', final: true });
    if (operation.outcome === 'ok') return;
  }
}

export async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next; index < count; index = next) {
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, worker));
}

/** Runs the load of a leg and reports as a driver does; a stop ends it early. */
export async function reportedLoad(client: UserClient, load: (fromMs: number) => Promise<void>, after: () => Promise<void>): Promise<DriveReport> {
  const { clock, signal } = client.context;
  const watch = new SelfWatch();
  const fromMs = clock.now();
  let toMs = fromMs;
  const timer = setInterval(() => client.context.progress({ inFlight: client.inFlight, scheduled: client.sent, sent: client.sent, ended: client.ended }), 250);
  let stopped = false;
  try {
    watch.start();
    await load(fromMs);
    toMs = clock.now();
    watch.stop();
    await after();
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    stopped = true;
    toMs = clock.now();
    watch.stop();
  } finally {
    clearInterval(timer);
  }
  const self = watch.read();
  return {
    model: 'open',
    measuredFromMs: fromMs,
    measuredToMs: toMs,
    ...(self && { loopDelay: self.loopDelay, cpuMs: self.cpuMs }),
    connectionsOpened: client.connectionsOpened,
    notAvailable: [],
    tool: { name: 'native', version: plumblineVersion },
    interrupted: stopped || signal.aborted,
  };
}
