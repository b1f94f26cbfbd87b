/** From a step and a user's variables to the request that is sent. Pure, and the same for every driver. */
import { headers as headerNames } from './names.ts';
import { operationsByName } from './operations.ts';
import { hexDigits, keyedRandom, seededUuid } from './random.ts';
import type { HttpMethod, Journey, Json, LatencyClass, RequestStep, Scenario, Step, StreamDialect, WorkStep } from './types.ts';

export type Variables = Readonly<Record<string, string>>;

/** A request step with every default filled in from the operations table. */
export interface ResolvedStep {
  step: RequestStep;
  operation: string;
  method: HttpMethod;
  pathTemplate: string;
  origin: string;
  latencyClass: LatencyClass | undefined;
  stream: StreamDialect | undefined;
}

export interface BuiltRequest {
  method: HttpMethod;
  /** With the query. */
  path: string;
  /** For Host or :authority; absent: the target's own. */
  host?: string;
  /** Lower-case names. */
  headers: Record<string, string>;
  body?: string;
}

export function isWork(step: Step): step is WorkStep {
  return 'workMs' in step;
}

/** Throws when the operation is not in the table and the step does not name method and path itself. */
export function resolveStep(step: RequestStep): ResolvedStep {
  const known = operationsByName.get(step.operation);
  const method = step.method ?? known?.method;
  const pathTemplate = step.path ?? known?.path;
  if (method === undefined || pathTemplate === undefined) {
    throw new Error(
      `step "${step.id}": operation "${step.operation}" is not a known one, so the step needs "method" and "path" (known ones: plumbline operations)`,
    );
  }
  return {
    step,
    operation: step.operation,
    method,
    pathTemplate,
    origin: step.origin ?? known?.origin ?? 'app',
    latencyClass: step.latencyClass ?? known?.latencyClass,
    stream: step.stream ?? known?.stream,
  };
}

/** The parents of each step: those it names, else the step before it. */
export function parentsOf(journey: Journey): Map<string, readonly string[]> {
  const parents = new Map<string, readonly string[]>();
  let previous: string | undefined;
  for (const step of journey.steps) {
    parents.set(step.id, step.after ?? (previous === undefined ? [] : [previous]));
    previous = step.id;
  }
  return parents;
}

/** Replaces `{{name}}`; an unknown name throws. */
export function render(text: string, variables: Variables): string {
  return text.includes('{{') ? text.replace(/\{\{\s*([\w.-]+)\s*\}\}/g, (_, name: string) => lookUp(name, variables)) : text;
}

function lookUp(name: string, variables: Variables): string {
  const value = variables[name];
  if (value === undefined) throw new Error(`no variable "${name}"; there are: ${Object.keys(variables).sort().join(', ')}`);
  return value;
}

function renderJson(value: Json, variables: Variables): Json {
  if (typeof value === 'string') return render(value, variables);
  if (Array.isArray(value)) return value.map((item) => renderJson(item, variables));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, renderJson(item, variables)]));
  }
  return value;
}

/**
 * Builds the request of a step. Variables that every request has: `key` (the request key), `seq` (the arrival's number), `uuid` (seeded, one a request).
 * The truth is asked for on streams; `accept`, `content-type` and the request key are set unless the scenario sets them.
 */
export function buildRequest(resolved: ResolvedStep, scenario: Scenario, variables: Variables): BuiltRequest {
  const { step } = resolved;
  let path = resolved.pathTemplate.replace(/\{([\w.-]+)\}/g, (_, name: string) => {
    const given = step.params?.[name];
    return encodeURIComponent(given === undefined ? lookUp(name, variables) : render(given, variables));
  });
  if (step.query) {
    const pairs = Object.entries(step.query).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(render(String(value), variables))}`);
    if (pairs.length > 0) path += (path.includes('?') ? '&' : '?') + pairs.join('&');
  }
  const headers: Record<string, string> = { accept: resolved.stream ? 'text/event-stream' : '*/*' };
  if (variables['key'] !== undefined) headers[headerNames.requestKey] = variables['key'];
  if (resolved.stream) headers[headerNames.truth] = '1';
  const built: BuiltRequest = { method: resolved.method, path, headers };
  if (step.bodyText !== undefined) {
    built.body = render(step.bodyText, variables);
  } else if (step.body !== undefined) {
    built.body = JSON.stringify(renderJson(step.body, variables));
    headers['content-type'] = 'application/json';
  }
  for (const given of [scenario.headers, step.headers]) {
    for (const [name, value] of Object.entries(given ?? {})) headers[name.toLowerCase()] = render(value, variables);
  }
  const host = scenario.origins?.[resolved.origin];
  if (host !== undefined) built.host = host;
  return built;
}

export function isExpected(step: RequestStep, status: number): boolean {
  if (step.expectStatus) return step.expectStatus.includes(status);
  return (status >= 200 && status < 300) || status === 304;
}

/** What a response offers to captures. Header names lower-case; `setCookie` the raw values. */
export interface CaptureSource {
  headers: Readonly<Record<string, string>>;
  setCookie: readonly string[];
  /** Parsed JSON; undefined when it is not JSON. */
  body: unknown;
}

/** The variables that a step's captures find; throws on one that finds nothing, naming it. */
export function captured(step: RequestStep, source: CaptureSource): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [variable, where] of Object.entries(step.capture ?? {})) {
    const value = find(where, source);
    if (value === undefined) throw new Error(`capture "${variable}" found nothing at "${where}"`);
    found[variable] = value;
  }
  return found;
}

function find(where: string, source: CaptureSource): string | undefined {
  const [kind = '', ...rest] = where.split('.');
  const name = rest.join('.');
  if (kind === 'header') return source.headers[name.toLowerCase()];
  if (kind === 'cookie') {
    const raw = source.setCookie.find((cookie) => cookie.startsWith(`${name}=`));
    return raw?.slice(name.length + 1).split(';')[0];
  }
  if (kind !== 'body') throw new Error(`capture "${where}": expected body.<path>, header.<name> or cookie.<name>`);
  let value: unknown = source.body;
  for (const part of rest) {
    if (value === null || typeof value !== 'object') return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value === undefined || value === null ? undefined : String(value);
}

/** Names the draw of one request: the same seed, scenario, arrival and step give the same key in every driver. */
export function requestKey(seed: number, scenario: string, arrival: number, stepId: string): string {
  return `${seed}.${scenario}.${arrival}.${stepId}`;
}

/** The journey of an arrival, by weight, seeded. */
export function journeyOf(scenario: Scenario, seed: number, arrival: number): Journey {
  const total = scenario.journeys.reduce((sum, journey) => sum + (journey.weight ?? 1), 0);
  let point = keyedRandom(seed, scenario.name, 'journey', arrival)() * total;
  for (const journey of scenario.journeys) {
    point -= journey.weight ?? 1;
    if (point < 0) return journey;
  }
  const last = scenario.journeys.at(-1);
  if (!last) throw new Error(`scenario "${scenario.name}" has no journeys`);
  return last;
}

/** The variables of one request, over the user's and those captured in the journey. */
export function requestVariables(base: Variables, seed: number, scenario: string, arrival: number, stepId: string): Variables {
  const key = requestKey(seed, scenario, arrival, stepId);
  return { ...base, key, seq: String(arrival), uuid: seededUuid(keyedRandom(key, 'uuid')) };
}

/**
 * W3C trace context of a request, seeded; whether it is sampled follows from run, driver and key alone. The drivers of one run send the same keys, so that the
 * draws are the same: their traces are not.
 */
export function traceContext(
  runId: string,
  driver: 'native' | 'autocannon' | 'k6',
  key: string,
  sampleRatio: number,
): { traceId: string; spanId: string; sampled: boolean; traceparent: string } {
  const random = keyedRandom(runId, driver, key, 'trace');
  const sampled = random() < sampleRatio;
  const traceId = hexDigits(random, 32);
  const spanId = hexDigits(random, 16);
  return { traceId, spanId, sampled, traceparent: `00-${traceId}-${spanId}-${sampled ? '01' : '00'}` };
}
