/** The text of a scenario file for the foreign server, as a user would write it. */
export const foreignScenario = `
import type { Scenario } from 'plumbline-bench';

const scenario: Scenario = {
  name: 'foreign',
  description: 'A server that nobody wrote for plumbline.',
  load: { kind: 'constant', ratePerSecond: 20 },
  durationMs: 4_000,
  setup: [{ id: 'login', operation: 'login', method: 'POST', path: '/login', body: { user: '{{user}}' }, capture: { token: 'body.token' } }],
  headers: { authorization: 'Bearer {{token}}' },
  journeys: [
    {
      name: 'read-and-ask',
      steps: [
        { id: 'items', operation: 'items.list', method: 'GET', path: '/items', latencyClass: 'crud' },
        { id: 'openai', operation: 'ask.openai', method: 'POST', path: '/openai', latencyClass: 'completion', stream: 'openai', body: { stream: true } },
        { id: 'anthropic', operation: 'ask.anthropic', method: 'POST', path: '/anthropic', latencyClass: 'completion', stream: 'anthropic', body: { stream: true }, after: ['items'] },
        { id: 'plain', operation: 'ask.plain', method: 'GET', path: '/plain', latencyClass: 'completion', stream: 'plain', after: ['items'] },
      ],
    },
  ],
  objectives: [
    { metric: 'latency', operation: 'items.list', quantile: 0.5, max: MAXIMUM },
    { metric: 'ttft', latencyClass: 'completion', quantile: 0.5, max: 1_000 },
    { metric: 'errorRatio', max: 0 },
  ],
};

export default scenario;
`;
