import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { resolveStep } from '../../scenarios/request.ts';
import type { RequestStep, Scenario } from '../../scenarios/types.ts';
import { validateObjectives } from '../judge/validate-objectives.ts';
import { graphFaults } from './journey-graph.ts';

export interface Fault {
  path: string;
  message: string;
}

const closed = { additionalProperties: false };
const positive = Type.Number({ exclusiveMinimum: 0 });
const nonNegative = Type.Number({ minimum: 0 });
const strings = Type.Record(Type.String(), Type.String());
const methods = Type.Union((['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'] as const).map((method) => Type.Literal(method)));
const classes = Type.Union((['static', 'metadata', 'crud', 'completion'] as const).map((name) => Type.Literal(name)));
const dialects = Type.Union((['plumbline', 'anthropic', 'openai', 'plain'] as const).map((name) => Type.Literal(name)));

const stepBase = { id: Type.String({ minLength: 1 }), after: Type.Optional(Type.Array(Type.String())), delayMs: Type.Optional(nonNegative) };
const requestStep = Type.Object(
  {
    ...stepBase,
    operation: Type.String({ minLength: 1 }),
    method: Type.Optional(methods),
    path: Type.Optional(Type.String({ pattern: '^/' })),
    origin: Type.Optional(Type.String()),
    latencyClass: Type.Optional(classes),
    params: Type.Optional(strings),
    query: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]))),
    headers: Type.Optional(strings),
    body: Type.Optional(Type.Unknown()),
    bodyText: Type.Optional(Type.String()),
    stream: Type.Optional(dialects),
    expectStatus: Type.Optional(Type.Array(Type.Integer({ minimum: 100, maximum: 599 }), { minItems: 1 })),
    capture: Type.Optional(Type.Record(Type.String(), Type.String({ pattern: '^(body|header|cookie)\\.' }))),
    abortAfterEvents: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  closed,
);
const workStep = Type.Object({ ...stepBase, workMs: nonNegative, source: Type.String({ minLength: 1 }) }, closed);

const loads = {
  constant: Type.Object({ kind: Type.Literal('constant'), ratePerSecond: positive }, closed),
  poisson: Type.Object({ kind: Type.Literal('poisson'), ratePerSecond: positive }, closed),
  ramp: Type.Object(
    {
      kind: Type.Literal('ramp'),
      startRatePerSecond: nonNegative,
      stages: Type.Array(Type.Object({ ratePerSecond: nonNegative, durationMs: positive }, closed), { minItems: 1 }),
    },
    closed,
  ),
  closed: Type.Object({ kind: Type.Literal('closed'), vus: Type.Integer({ minimum: 1 }), thinkMs: Type.Optional(nonNegative) }, closed),
};

const outline = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z0-9][a-z0-9-]*$' }),
    description: Type.String(),
    origins: Type.Optional(strings),
    load: Type.Object({ kind: Type.Union((['constant', 'poisson', 'ramp', 'closed'] as const).map((kind) => Type.Literal(kind))) }),
    warmupMs: Type.Optional(nonNegative),
    durationMs: positive,
    users: Type.Optional(Type.Integer({ minimum: 1 })),
    setup: Type.Optional(Type.Array(Type.Object({ id: Type.String() }))),
    variables: Type.Optional(strings),
    headers: Type.Optional(strings),
    journeys: Type.Array(
      Type.Object(
        {
          name: Type.String({ minLength: 1 }),
          weight: Type.Optional(positive),
          steps: Type.Array(Type.Object({ id: Type.String() }), { minItems: 1 }),
          milestones: Type.Optional(Type.Record(Type.String(), Type.Array(Type.String(), { minItems: 1 }))),
          connections: Type.Optional(Type.Union([Type.Literal('browser'), Type.Literal('shared')])),
        },
        closed,
      ),
      { minItems: 1 },
    ),
    objectives: Type.Array(Type.Object({ metric: Type.String() })),
    maxInFlight: Type.Optional(Type.Integer({ minimum: 1 })),
    timeoutMs: Type.Optional(positive),
    gate: Type.Optional(Type.Object({ ratePerSecond: positive }, closed)),
  },
  closed,
);

const checks = {
  outline: Compile(outline),
  requestStep: Compile(requestStep),
  workStep: Compile(workStep),
  loads: Object.fromEntries(Object.entries(loads).map(([kind, schema]) => [kind, Compile(schema)])),
};
type Outline = Static<typeof outline>;

/** Every fault of a value that should be a Scenario, each with its path; none: it is one. */
export function scenarioFaults(value: unknown): Fault[] {
  const faults = errorsOf(checks.outline, value, '');
  if (faults.length > 0) return faults;
  const rough = value as Outline;
  const load = checks.loads[rough.load.kind];
  if (load) faults.push(...errorsOf(load, rough.load, '/load'));
  rough.setup?.forEach((step, index) => {
    faults.push(...stepFaults(step, `/setup/${index}`));
  });
  rough.journeys.forEach((journey, at) => {
    journey.steps.forEach((step, index) => {
      faults.push(...stepFaults(step, `/journeys/${at}/steps/${index}`));
    });
  });
  if (faults.length > 0) return faults;
  const scenario = value as Scenario;
  scenario.journeys.forEach((journey, at) => {
    faults.push(...graphFaults(journey).map((message) => ({ path: `/journeys/${at}`, message })));
  });
  return [...faults, ...validateObjectives(scenario)];
}

function stepFaults(step: unknown, path: string): Fault[] {
  const isWorkStep = typeof step === 'object' && step !== null && 'workMs' in step;
  const faults = errorsOf(isWorkStep ? checks.workStep : checks.requestStep, step, path);
  if (isWorkStep || faults.length > 0) return faults;
  try {
    resolveStep(step as RequestStep);
  } catch (error) {
    faults.push({ path, message: error instanceof Error ? error.message : String(error) });
  }
  return faults;
}

interface Check {
  Errors(value: unknown): { instancePath: string; message: string; params?: unknown; keyword?: string }[];
}

function errorsOf(check: Check, value: unknown, prefix: string): Fault[] {
  const seen = new Map<string, Fault>();
  for (const error of check.Errors(value)) {
    // Parts of what another line says already.
    if (error.keyword === 'const' || error.keyword === 'boolean') continue;
    const extra = unknownKeys(error);
    const path = `${prefix}${error.instancePath}` || '/';
    const message = extra ? `unknown ${extra.length === 1 ? 'key' : 'keys'} ${extra.map((key) => `"${key}"`).join(', ')}` : error.message;
    const key = `${path} ${message}`;
    if (!seen.has(key)) seen.set(key, { path, message });
  }
  return [...seen.values()];
}

function unknownKeys(error: { keyword?: string; params?: unknown }): string[] | undefined {
  if (error.keyword !== 'additionalProperties') return undefined;
  const keys = (error.params as { additionalProperties?: unknown } | undefined)?.additionalProperties;
  return Array.isArray(keys) ? keys.map(String) : undefined;
}
