import { sessionHeaders, signIn } from './session.ts';
import type { Scenario } from './types.ts';

/** Open-model arrivals of completions: one new conversation's worth of prompt, one streamed answer. */
const scenario: Scenario = {
  name: 'sse',
  description: 'Completions arriving as an open model: time to first event, gaps, total, lateness, goodput.',
  load: { kind: 'constant', ratePerSecond: 8 },
  warmupMs: 5_000,
  durationMs: 30_000,
  users: 4,
  setup: [
    signIn,
    {
      id: 'create',
      operation: 'chat.conversations.create',
      headers: sessionHeaders,
      body: { name: '' },
      capture: { conversation_uuid: 'body.uuid' },
    },
  ],
  headers: {},
  journeys: [
    {
      name: 'completion',
      steps: [
        {
          id: 'completion',
          operation: 'chat.completion',
          headers: sessionHeaders,
          body: { prompt: 'Say something about streams, number {{seq}}.' },
        },
      ],
    },
  ],
  gate: { ratePerSecond: 12 },
  objectives: [
    { metric: 'ttft', operation: 'chat.completion', quantile: 0.95, max: 1_500 },
    { metric: 'latency', operation: 'chat.completion', quantile: 0.95, max: 5_500 },
    { metric: 'errorRatio', max: 0.001 },
  ],
};

export default scenario;
