import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resolveStep } from '../../scenarios/request.ts';
import { studies } from '../../scenarios/studies.ts';
import type { Study, StudyKind } from '../../scenarios/study-types.ts';
import type { RequestStep } from '../../scenarios/types.ts';
import { UsageError } from '../usage-error.ts';
import { importData } from './load-scenario.ts';

export interface LoadedStudy {
  study: Study;
  /** Absolute. */
  file: string;
}

const kinds: readonly StudyKind[] = ['consistency', 'resubmit', 'retry'];

/**
 * A shipped study by name, or a file with a `kind`; undefined for what is no study (a scenario, or nothing that is there). Throws UsageError `bad_study` with every
 * fault, and what reading a file throws.
 */
export async function loadStudy(nameOrFile: string, cwd: string): Promise<LoadedStudy | undefined> {
  const known = Object.hasOwn(studies, nameOrFile) ? studies[nameOrFile] : undefined;
  if (known) return { study: known, file: fileURLToPath(new URL('../../scenarios/studies.ts', import.meta.url)) };
  const file = resolve(cwd, nameOrFile);
  if (!existsSync(file)) return undefined;
  const value = await importData(file);
  if (value === null || typeof value !== 'object' || !('kind' in value)) return undefined;
  const faults = studyFaults(value as Record<string, unknown>);
  if (faults.length > 0)
    throw new UsageError(
      'bad_study',
      `study ${nameOrFile} has ${faults.length} fault${faults.length === 1 ? '' : 's'}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    );
  return { study: value as Study, file };
}

/** Every fault with its path. */
export function studyFaults(given: Record<string, unknown>): string[] {
  const faults: string[] = [];
  if (!kinds.includes(given['kind'] as StudyKind)) faults.push(`kind: expected one of ${kinds.join(', ')}, given ${JSON.stringify(given['kind'])}`);
  for (const key of ['name', 'description']) if (typeof given[key] !== 'string' || given[key] === '') faults.push(`${key}: expected a text`);
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
  const { channels } = given;
  if (!Array.isArray(channels) || channels.length === 0) faults.push('channels: expected at least one');
  else for (const [index, channel] of channels.entries()) faults.push(...channelFaults(channel, `channels.${index}`));
  return faults;
}

function channelFaults(channel: unknown, path: string): string[] {
  if (channel === null || typeof channel !== 'object') return [`${path}: expected an object`];
  const { name, keeps, write } = channel as Record<string, unknown>;
  return [
    ...(typeof name === 'string' && /^[a-z]+$/.test(name) && name !== 'answer' ? [] : [`${path}.name: expected small letters, and not "answer"`]),
    ...(keeps === 'all' || keeps === 'latest' ? [] : [`${path}.keeps: expected all or latest`]),
    ...stepFaults(write, `${path}.write`),
    ...(JSON.stringify(write ?? null).includes('{{mark}}') ? [] : [`${path}.write: it has no {{mark}}, so nothing that it writes could be found again`]),
  ];
}

function stepFaults(step: unknown, path: string): string[] {
  if (step === null || typeof step !== 'object') return [`${path}: expected a step`];
  const { id, operation } = step as Record<string, unknown>;
  if (typeof id !== 'string' || typeof operation !== 'string') return [`${path}: expected "id" and "operation"`];
  try {
    resolveStep(step as RequestStep);
    return [];
  } catch (error) {
    return [`${path}: ${error instanceof Error ? error.message : String(error)}`];
  }
}
