/** The bench's scenarios, made for each case: plain data like any other. */
import { sessionHeaders, signIn } from '../scenarios/session.ts';
import type { Scenario } from '../scenarios/types.ts';

/** Requests of one operation, one after another in an open model. Against a bare server nobody signs in: the same bytes are sent with a made-up session. */
export function plainScenario(operation: string, options: { bare: boolean; body?: Record<string, string> }): Scenario {
  return {
    name: 'bench-plain',
    description: `${operation}, open model.`,
    load: { kind: 'constant', ratePerSecond: 1 },
    durationMs: 1_000,
    users: options.bare ? 1 : 8,
    ...(options.bare ? { variables: { org_uuid: '00000000-0000-4000-8000-000000000000', session: 'x'.repeat(64) } } : { setup: [signIn] }),
    journeys: [{ name: 'plain', steps: [{ id: 'plain', operation, headers: sessionHeaders, ...(options.body && { body: options.body }) }] }],
    objectives: [],
  };
}

/** Completions in conversations of their own users. */
export function streamScenario(acceptEncoding: string): Scenario {
  return {
    name: 'bench-streams',
    description: 'Completions of 36 events in 4.5 s.',
    load: { kind: 'constant', ratePerSecond: 1 },
    durationMs: 1_000,
    users: 32,
    setup: [
      signIn,
      { id: 'create', operation: 'chat.conversations.create', headers: sessionHeaders, body: { name: '' }, capture: { conversation_uuid: 'body.uuid' } },
    ],
    journeys: [
      {
        name: 'completion',
        steps: [
          {
            id: 'completion',
            operation: 'chat.completion',
            headers: { ...sessionHeaders, 'accept-encoding': acceptEncoding },
            body: { prompt: 'Say something about streams, number {{seq}}.' },
          },
        ],
      },
    ],
    objectives: [],
  };
}

export const streamMs = 4_500;
export const streamEvents = 36;
/** `observed` with the bench's size of a stream; gaps are as observed, stretched to the total. */
export const streamProfile = `extends: observed
name: bench-streams
operations:
  chat.completion:
    total: ${streamMs}ms
    stream: {firstEvent: 1s, gap: {lognormal: {p50: 85ms, p99: 300ms}}, events: ${streamEvents}}
`;
/** Short streams, many of which begin and end in a block: their CPU is counted by stream. */
export const shortStreamProfile = `extends: instant
name: bench-short-streams
operations:
  chat.completion:
    total: 400ms
    stream: {firstEvent: 50ms, gap: {lognormal: {p50: 8ms, p99: 30ms}}, events: ${streamEvents}}
`;
