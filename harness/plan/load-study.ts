import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { studies } from '../../scenarios/studies.ts';
import type { Study } from '../../scenarios/study-types.ts';
import { UsageError } from '../usage-error.ts';
import { importData } from './load-scenario.ts';
import { studyFaults } from './validate-study.ts';

export interface LoadedStudy {
  study: Study;
  /** Absolute. */
  file: string;
}

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
