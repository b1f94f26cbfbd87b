import { origins } from './operations.ts';
import { artifactCount, conversationCount, pageLoadMilestones, pageLoadSteps, projectCount } from './page-load-graph.ts';
import { sessionHeaders, signIn } from './session.ts';
import type { Scenario } from './types.ts';

/** `prefix_0` <- `body.data.0.field`, and so on. */
function each(prefix: string, count: number, field: string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}_${index}`, `body.data.${index}.${field}`]));
}

/** A cold load of the page by a user who is signed in: about 250 requests over the six origins of the analysis. */
const scenario: Scenario = {
  name: 'page-load',
  description: 'Page loads of about 250 requests as a browser makes them: a dependency graph with client work, DOMContentLoaded and load.',
  origins: { ...origins },
  load: { kind: 'constant', ratePerSecond: 1 },
  warmupMs: 2_000,
  durationMs: 20_000,
  users: 4,
  setup: [
    { ...signIn, capture: { ...signIn.capture, account_uuid: 'body.account.uuid' } },
    {
      id: 'conversations',
      operation: 'chat.conversations.list',
      headers: sessionHeaders,
      // Not the very newest: another scenario of the same run may make conversations and delete them again.
      query: { limit: conversationCount, offset: 20 },
      capture: each('conversation', conversationCount, 'uuid'),
    },
    {
      id: 'projects',
      operation: 'projects.list',
      headers: sessionHeaders,
      query: { limit: projectCount, offset: 0 },
      capture: each('project', projectCount, 'uuid'),
    },
    { id: 'artifacts', operation: 'projects.published_artifacts.list', headers: sessionHeaders, capture: each('artifact', artifactCount, 'artifact_uuid') },
    { id: 'ingestion', operation: 'sync.ingestion.start', headers: sessionHeaders, body: { provider: 'drive' }, capture: { ingestion_uuid: 'body.uuid' } },
  ],
  journeys: [{ name: 'page-load', connections: 'browser', steps: pageLoadSteps, milestones: pageLoadMilestones }],
  gate: { ratePerSecond: 0.5 },
  // Bounds that hold on HTTP/1.1 as well. On HTTP/2 the medians are 1.7 s and 2.3 s: docs/page-load.md.
  objectives: [
    { metric: 'milestone', milestone: 'domContentLoaded', quantile: 0.5, max: 2_500 },
    { metric: 'milestone', milestone: 'load', quantile: 0.5, max: 7_000 },
    { metric: 'errorRatio', max: 0.001 },
  ],
};

export default scenario;
