import type { FastifyInstance } from 'fastify';
import { distributionOf } from '../latency/distribution-grammar.ts';
import { ProfileError, type ReplicationChannel, replicationChannels } from '../latency/profile.ts';
import { readPolicyChange } from '../policies.ts';
import type { ServerState } from '../state.ts';
import type { Replication } from '../store/replication/replication.ts';
import { type Fault, refuseAll } from './refusal.ts';

/** Paths of the control port that only the tier with the data can answer; the tiers before it pass them on. */
export const dataPaths: readonly (readonly [method: 'GET' | 'PUT' | 'POST', path: string])[] = [
  ['GET', '/policies'],
  ['PUT', '/policies'],
  ['GET', '/data'],
  ['GET', '/replication'],
  ['PUT', '/replication'],
  ['POST', '/replication/pause'],
  ['POST', '/replication/resume'],
  ['POST', '/replication/restart'],
];

/** Policies of the data layer, and its replication. */
export function addDataControl(app: FastifyInstance, state: ServerState, replication: Replication): void {
  app.get('/policies', () => state.policies);
  app.put('/policies', (request, reply) => {
    const read = readPolicyChange(request.body);
    if ('faults' in read) return refuseAll(reply, read.faults);
    state.policies = { ...state.policies, ...read.change };
    return state.policies;
  });
  app.get('/data', () => state.data.describe());
  app.get('/replication', () => describe(state, replication));
  app.put('/replication', (request, reply) => {
    const read = readLags(request.body);
    if ('faults' in read) return refuseAll(reply, read.faults);
    state.replicationLags = { ...state.replicationLags, ...read.lags };
    return describe(state, replication);
  });
  app.post('/replication/pause', async () => {
    await replication.pause();
    return describe(state, replication);
  });
  app.post('/replication/resume', () => {
    replication.resume();
    return describe(state, replication);
  });
  app.post('/replication/restart', async () => {
    await replication.restart();
    return describe(state, replication);
  });
}

async function describe(state: ServerState, replication: Replication): Promise<object> {
  const channels = await replication.describe();
  const lags = { ...state.profile.replication, ...state.replicationLags };
  return {
    state: replication.isPaused ? 'paused' : 'running',
    channels: Object.fromEntries(replicationChannels.map((channel) => [channel, { ...channels[channel], declared: lags[channel].declaration }])),
  };
}

/** A lag for each channel that is named, as a profile writes one; of commits from now on. Whole or not at all. */
function readLags(given: unknown): { lags: ServerState['replicationLags'] } | { faults: Fault[] } {
  const expected = `expected {"content": <distribution>, "title": <distribution>}, one of them at least`;
  if (typeof given !== 'object' || given === null || Array.isArray(given) || Object.keys(given).length === 0)
    return { faults: [{ path: '', message: expected }] };
  const lags: Partial<Record<ReplicationChannel, ReturnType<typeof distributionOf>>> = {};
  const faults: Fault[] = [];
  for (const [name, raw] of Object.entries(given)) {
    const channel = replicationChannels.find((known) => known === name);
    if (!channel) {
      faults.push({ path: `/${name}`, message: `"${name}" is no channel; ${expected}` });
      continue;
    }
    try {
      lags[channel] = distributionOf(raw);
    } catch (error) {
      if (!(error instanceof ProfileError)) throw error;
      faults.push(...error.faults.map(({ path, message }) => ({ path: `/${name}${path === '' ? '' : `/${path}`}`, message })));
    }
  }
  return faults.length > 0 ? { faults } : { lags };
}
