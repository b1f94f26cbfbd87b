/** What the self-test drives: some 40 operations of all services, equally often, and streams beside them. */
import crud from '../../../scenarios/crud.ts';
import { isWork, resolveStep } from '../../../scenarios/request.ts';
import pageLoad from '../../../scenarios/page-load.ts';
import { sessionHeaders, signIn } from '../../../scenarios/session.ts';
import type { Journey, RequestStep, Scenario } from '../../../scenarios/types.ts';

/** 191 KB each: compressing them 200 times an epoch would be most of what the server does. */
const leftOut: ReadonlySet<string> = new Set(['skills.extensions.list']);

/** One request of each operation of a page load that `crud` has not; of streams none. */
function readsOfPageLoad(): Journey[] {
  const seen = new Set(crud.journeys.flatMap(({ steps }) => steps.map((step) => (isWork(step) ? '' : step.operation))));
  const found: RequestStep[] = [];
  for (const step of pageLoad.journeys.flatMap(({ steps }) => steps)) {
    if (isWork(step) || seen.has(step.operation) || leftOut.has(step.operation) || resolveStep(step).stream !== undefined) continue;
    seen.add(step.operation);
    const { delayMs, ...rest } = step;
    found.push({ ...rest, after: [] });
  }
  return found.map((step) => ({ name: step.operation, steps: [step] }));
}

const { capture, ...signInAgain } = signIn;
/** To be changed: who changes a project has to be its editor. */
const makeProject: RequestStep = {
  id: 'own-project',
  operation: 'projects.create',
  headers: sessionHeaders,
  body: { name: 'A project of its own', description: 'Number 0.', is_private: true },
  capture: { own_project: 'body.uuid' },
};
const writes: RequestStep[] = [
  signInAgain,
  {
    id: 'update',
    operation: 'projects.update',
    headers: sessionHeaders,
    params: { project_uuid: '{{own_project}}' },
    body: { description: 'Number {{seq}}.' },
  },
  { id: 'ingestion', operation: 'sync.ingestion.start', headers: sessionHeaders, body: { provider: 'drive' } },
];

/** Plain requests only, each much shorter than a block. Signs in and prepares as a page load does; its set-up captures all that `crud` uses. */
export const everyService: Scenario = {
  name: 'every-service',
  description: 'Operations of all services, equally often: what the gate is tested with.',
  origins: { ...pageLoad.origins },
  load: { kind: 'constant', ratePerSecond: 100 },
  durationMs: 16_000,
  users: 4,
  setup: [...(pageLoad.setup ?? []), makeProject],
  journeys: [...crud.journeys, ...readsOfPageLoad(), ...writes.map((step) => ({ name: step.operation, steps: [step] }))],
  objectives: [],
};
