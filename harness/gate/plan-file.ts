/** `results/<gate-id>/plan.json`: what a gate set out to do, written before its first epoch and after each. What goes on with it, or judges it again, takes all choices from here. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../results/run-store.ts';
import { UsageError } from '../usage-error.ts';
import type { EpochShape } from './epochs/epoch-plan.ts';
import type { MetricSettings } from './epochs/evidence.ts';
import type { GatePilot } from './gate-file.ts';

/** The flags of the command, by name, that say what is measured and how it is judged. */
export type PlanFlags = Record<string, string | false | readonly string[]>;

export interface GatePlanFile {
  schema: 'plumbline.gate-plan/1';
  gateId: string;
  seed: number;
  /** As they were in force, the defaults among them. */
  flags: PlanFlags;
  /** As the pilot has set it, scenarios with their objectives. */
  shape: EpochShape;
  /** As the pilot has set them; `acceptance` with the entries and the day of that gate. */
  settings: MetricSettings;
  pilot?: GatePilot;
  /** Of pilot and epochs until now, what was spent before a stop included. */
  spentMs: number;
  /** `running` in a file that nobody writes any more: the gate was killed. Only an `ended` one had its last look. */
  state: 'running' | 'interrupted' | 'ended';
}

export const planFileName = 'plan.json';
const schema = 'plumbline.gate-plan/1' satisfies GatePlanFile['schema'];

/** Whole or not at all. */
export async function writePlan(directory: string, plan: Omit<GatePlanFile, 'schema'>): Promise<void> {
  await writeAtomically(join(directory, planFileName), `${JSON.stringify({ schema, ...plan }, fromCollections)}\n`);
}

/** Undefined: there is none, as in a pool of epochs. Throws UsageError `bad_plan`. */
export async function readPlan(directory: string): Promise<GatePlanFile | undefined> {
  const path = join(directory, planFileName);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const bad = (why: string): UsageError => new UsageError('bad_plan', `${path}: not the plan of a gate (${why}), expected ${schema}; measure again`);
  let value: Partial<GatePlanFile> | null;
  try {
    value = JSON.parse(text, toCollections) as Partial<GatePlanFile> | null;
  } catch (error) {
    throw bad(error instanceof Error ? error.message : String(error));
  }
  if (value?.schema !== schema) throw bad(`its schema is "${String(value?.schema)}"`);
  return value as GatePlanFile;
}

function fromCollections(_key: string, value: unknown): unknown {
  if (value instanceof Map) return { $map: [...value] };
  return value instanceof Set ? { $set: [...value] } : value;
}

function toCollections(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('$map' in value) return new Map(value.$map as [unknown, unknown][]);
  return '$set' in value ? new Set(value.$set as unknown[]) : value;
}
