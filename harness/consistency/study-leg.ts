/** What every study's leg does around its load: opens its conversations, sends users on their way when they are due, and reads what is there in the end. */
import type { StudyChannel } from '../../scenarios/study-types.ts';
import type { DriveReport } from '../drive/driver.ts';
import { SelfWatch } from '../drive/native/self-watch.ts';
import { arrivals } from '../plan/schedule.ts';
import { plumblineVersion } from '../version.ts';
import { pilotVisibility } from './pilot.ts';
import { type Session, Stopped, type UserClient } from './user-client.ts';

/** Conversations that are opened, or read in the end, at the same time. */
const concurrency = 16;
const pilotSessions = 6;
const leastHorizonMs = 200;
const leastSettleMs = 500;
/** Delays go to so many times the longest that the first look took. */
const horizonFactor = 2;

/** Of a run, found by its first leg. */
export interface Window {
  /** The longest that a write took to be seen in the first look. */
  longestMs: number;
  /** Users' delays are spread over this. */
  horizonMs: number;
  /** After the last write, until everything is taken to have arrived. */
  settleMs: number;
  /** Of the first look's writes, those that were never seen. */
  never: number;
}

export interface StudyUsers {
  sessions: Session[];
  window: Window;
}

/** Opens `count` conversations, waits until a client's read finds the last of them, and looks at how long writes take unless that is known already. */
export async function prepare(client: UserClient, count: number, known: Window | undefined): Promise<StudyUsers> {
  const pilots = known ? 0 : pilotSessions;
  const sessions: Session[] = [];
  await inParallel(count + pilots, async (index) => {
    sessions[index] = await client.open(index);
  });
  const last = sessions.at(-1);
  if (last) await waitUntilThere(client, last);
  const window = known ?? (await look(client, sessions.slice(count).map(rehearsing), firstChannel(client)));
  return { sessions: sessions.slice(0, count), window };
}

export function firstChannel(client: UserClient): StudyChannel {
  const channel = client.study.channels[0];
  if (!channel) throw new Error(`study "${client.study.name}" has no channel to write`);
  return channel;
}

async function look(client: UserClient, sessions: readonly Session[], channel: StudyChannel): Promise<Window> {
  const { longestMs, never, writes } = await pilotVisibility(client, sessions, channel);
  if (writes === 0) throw new Error('no write of the first look was acknowledged: see the errors of its requests');
  const reachMs = never > 0 ? client.study.mostLagMs : longestMs;
  return { longestMs, never, horizonMs: Math.max(leastHorizonMs, horizonFactor * reachMs), settleMs: Math.max(leastSettleMs, horizonFactor * reachMs) };
}

function rehearsing(session: Session): Session {
  return { ...session, rehearsal: true };
}

/** A conversation that is not replicated yet is not found: what reads it then measures something else. */
async function waitUntilThere(client: UserClient, session: Session): Promise<void> {
  const untilMs = client.context.clock.now() + client.study.mostLagMs;
  for (;;) {
    const { answer } = await client.read(rehearsing(client.another(session, 'wait')), { phase: 'warm-up' });
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

/** The last word on every conversation, after a pause for everything to arrive. */
export async function readFinals(client: UserClient, sessions: readonly Session[], { settleMs }: Window): Promise<void> {
  await client.until(client.context.clock.now() + settleMs);
  await inParallel(sessions.length, async (index) => {
    const session = sessions[index];
    if (session) await client.read(client.another(session, 'final'), { phase: 'warm-up', final: true });
  });
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
