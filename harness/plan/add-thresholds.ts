import { suggestion } from '../../scenarios/nearest-name.ts';
import { parseThresholds, type Threshold } from '../../scenarios/threshold-grammar.ts';
import type { Objective } from '../../scenarios/types.ts';
import { validateObjectives } from '../judge/validate-objectives.ts';
import { UsageError } from '../usage-error.ts';
import type { LoadedScenario } from './load-scenario.ts';

/**
 * The scenarios with the thresholds among their objectives: each threshold in every scenario that it fits, or in the one that it names. The rest of a scenario is as it
 * was. Throws UsageError `bad_threshold` with every fault: what cannot be read, and metrics, operations, classes and milestones that no scenario here has.
 * @param texts of `--threshold`, each with one or more thresholds
 * @param judges whether the command can judge it; what it cannot is a fault
 */
export function withThresholds(
  scenarios: readonly LoadedScenario[],
  texts: readonly string[],
  judges: (objective: Objective) => boolean = () => true,
): LoadedScenario[] {
  const parsed = texts.map(parseThresholds);
  const lines = parsed.flatMap(({ faults }) => faults.map(({ text, message }) => `${text}: ${message}`));
  const added = new Map<LoadedScenario, Threshold[]>(scenarios.map((loaded) => [loaded, []]));
  for (const threshold of parsed.flatMap(({ thresholds }) => thresholds)) {
    if (!judges(threshold.objective)) {
      lines.push(`${threshold.text}: ${threshold.objective.metric} is not measured here`);
      continue;
    }
    const { fitting, faults } = placesOf(threshold, scenarios);
    if (fitting.length === 0) lines.push(`${threshold.text}: ${faults.join('; ')}`);
    for (const loaded of fitting) added.get(loaded)?.push(threshold);
  }
  if (lines.length > 0) {
    throw new UsageError(
      'bad_threshold',
      `--threshold: ${lines.length} ${lines.length === 1 ? 'does' : 'do'} not fit:\n${lines.map((line) => `  ${line}`).join('\n')}`,
    );
  }
  return scenarios.map((loaded) => {
    const more = added.get(loaded) ?? [];
    if (more.length === 0) return loaded;
    return { ...loaded, scenario: { ...loaded.scenario, objectives: [...loaded.scenario.objectives, ...more.map(({ objective }) => objective)] } };
  });
}

function placesOf({ scenario: wanted, objective }: Threshold, scenarios: readonly LoadedScenario[]): { fitting: LoadedScenario[]; faults: string[] } {
  const names = scenarios.map(({ scenario }) => scenario.name);
  if (wanted !== undefined && !names.includes(wanted))
    return { fitting: [], faults: [`no scenario "${wanted}" in this, there is ${names.join(', ')}${suggestion(wanted, names)}`] };
  const fitting: LoadedScenario[] = [];
  const faults: string[] = [];
  for (const loaded of scenarios) {
    if (wanted !== undefined && loaded.scenario.name !== wanted) continue;
    const found = validateObjectives({ ...loaded.scenario, objectives: [objective] });
    if (found.length === 0) fitting.push(loaded);
    else faults.push(...found.map(({ path, message }) => `${loaded.scenario.name}, ${path.split('/')[3] ?? 'bound'}: ${message}`));
  }
  return { fitting, faults };
}
