import { resolveStep } from '../../scenarios/request.ts';
import { suggestion } from '../../scenarios/nearest-name.ts';
import type { Study, StudyChannel, StudyKind, StudyParent } from '../../scenarios/study-types.ts';
import type { RequestStep } from '../../scenarios/types.ts';

const kinds: readonly StudyKind[] = ['consistency', 'resubmit', 'retry'];

/** Every key that there is: the compiler refuses one that is missing here, and one that the type does not have. */
const studyKeys: Record<keyof Required<Study>, true> = {
  name: true,
  description: true,
  kind: true,
  setup: true,
  variables: true,
  headers: true,
  users: true,
  open: true,
  channels: true,
  read: true,
  finalRead: true,
  finalReadIsPrimary: true,
  parent: true,
  sessionHeader: true,
  sessionField: true,
  keyHeader: true,
  ratePerSecond: true,
  count: true,
  mostLagMs: true,
  timeoutMs: true,
};
const channelKeys: Record<keyof Required<StudyChannel>, true> = { name: true, keeps: true, write: true };
const parentKeys: Record<keyof Required<StudyParent>, true> = { none: true, messages: true, id: true, onConflict: true };
/** Those of a journey's graph are left out: a study's steps run when its users come to them. */
const stepKeys: Record<Exclude<keyof Required<RequestStep>, 'after' | 'delayMs' | 'abortAfterEvents'>, true> = {
  id: true,
  operation: true,
  method: true,
  path: true,
  origin: true,
  latencyClass: true,
  params: true,
  query: true,
  headers: true,
  body: true,
  bodyText: true,
  stream: true,
  expectStatus: true,
  capture: true,
};

/** Every fault of what should be a study, each with its path; none: it is one. */
export function studyFaults(given: Record<string, unknown>): string[] {
  const faults = unknownKeys(given, studyKeys, '');
  if (!kinds.includes(given['kind'] as StudyKind)) faults.push(`kind: expected one of ${kinds.join(', ')}, given ${JSON.stringify(given['kind'])}`);
  for (const key of ['name', 'description']) if (!isText(given[key])) faults.push(`${key}: expected a text`);
  for (const key of ['sessionHeader', 'sessionField', 'keyHeader'])
    if (given[key] !== undefined && !isText(given[key])) faults.push(`${key}: expected a text, or nothing`);
  for (const key of ['variables', 'headers']) if (given[key] !== undefined && !isTexts(given[key])) faults.push(`${key}: expected names with texts`);
  if (given['finalReadIsPrimary'] !== undefined && given['finalReadIsPrimary'] !== true) faults.push('finalReadIsPrimary: expected true, or nothing');
  for (const key of ['users', 'ratePerSecond', 'count', 'mostLagMs', 'timeoutMs']) {
    const value = given[key];
    if (typeof value !== 'number' || !(value > 0) || !Number.isFinite(value)) faults.push(`${key}: expected a number above 0`);
  }
  for (const key of ['users', 'count']) if (typeof given[key] === 'number' && !Number.isInteger(given[key])) faults.push(`${key}: expected a whole number`);
  for (const key of ['setup', 'open']) {
    if (given[key] === undefined && key === 'setup') continue;
    if (!Array.isArray(given[key])) faults.push(`${key}: expected a list of steps`);
    else for (const [index, step] of given[key].entries()) faults.push(...stepFaults(step, `${key}.${index}`));
  }
  for (const key of ['read', 'finalRead']) faults.push(...stepFaults(given[key], key));
  const { channels, parent } = given;
  if (!Array.isArray(channels) || channels.length === 0) faults.push('channels: expected at least one');
  else for (const [index, channel] of channels.entries()) faults.push(...channelFaults(channel, `channels.${index}`, parent !== undefined));
  if (parent !== undefined) faults.push(...parentFaults(parent));
  return faults;
}

function channelFaults(channel: unknown, path: string, hasParent: boolean): string[] {
  if (!isObject(channel)) return [`${path}: expected an object`];
  const { name, keeps, write } = channel;
  const text = JSON.stringify(write ?? null);
  return [
    ...unknownKeys(channel, channelKeys, `${path}.`),
    ...(typeof name === 'string' && /^[a-z]+$/.test(name) && name !== 'answer' ? [] : [`${path}.name: expected small letters, and not "answer"`]),
    ...(keeps === 'all' || keeps === 'latest' ? [] : [`${path}.keeps: expected all or latest`]),
    ...stepFaults(write, `${path}.write`),
    ...(/\{\{\s*mark\s*\}\}/.test(text) ? [] : [`${path}.write: it has no {{mark}}, so nothing that it writes could be found again`]),
    ...(!hasParent && /\{\{\s*parent\s*\}\}/.test(text)
      ? [`${path}.write: it has {{parent}}, and the study no "parent" that says where a read names the message to write behind`]
      : []),
  ];
}

function parentFaults(parent: unknown): string[] {
  if (!isObject(parent)) return ['parent: expected {none, messages, id, onConflict}'];
  const { none, messages, id, onConflict } = parent;
  return [
    ...unknownKeys(parent, parentKeys, 'parent.'),
    ...(typeof none === 'string' ? [] : ['parent.none: expected what is written behind in an empty conversation']),
    ...(isText(messages) ? [] : ['parent.messages: expected where the read has its messages, such as body.messages']),
    ...(isText(id) ? [] : ['parent.id: expected where each message has its id, such as uuid']),
    ...(Array.isArray(onConflict) && onConflict.every(isText)
      ? []
      : ['parent.onConflict: expected a list of places in a refusal that name the leaf; [] where none does']),
  ];
}

function stepFaults(step: unknown, path: string): string[] {
  if (!isObject(step)) return [`${path}: expected a step`];
  const unknown = unknownKeys(step, stepKeys, `${path}.`);
  const { id, operation } = step;
  if (typeof id !== 'string' || typeof operation !== 'string') return [...unknown, `${path}: expected "id" and "operation"`];
  try {
    resolveStep(step as unknown as RequestStep);
    return unknown;
  } catch (error) {
    return [...unknown, `${path}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function unknownKeys(given: Record<string, unknown>, known: object, path: string): string[] {
  const names = Object.keys(known);
  return Object.keys(given)
    .filter((key) => !Object.hasOwn(known, key))
    .map((key) => `${path}${key}: there is no such key${suggestion(key, names)}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTexts(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((text) => typeof text === 'string');
}
