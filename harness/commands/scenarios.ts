import { shipped } from '../../scenarios/index.ts';
import { studies } from '../../scenarios/studies.ts';
import type { Load } from '../../scenarios/types.ts';
import { type AddCommand, example } from './command.ts';

export function loadText(load: Load): string {
  switch (load.kind) {
    case 'constant':
      return `${load.ratePerSecond}/s`;
    case 'poisson':
      return `${load.ratePerSecond}/s Poisson`;
    case 'ramp':
      return `ramp ${[load.startRatePerSecond, ...load.stages.map((stage) => stage.ratePerSecond)].join(' to ')}/s`;
    case 'closed':
      return `${load.vus} VUs, closed loop`;
  }
}

export const addScenarios: AddCommand = (program) => {
  program
    .command('scenarios')
    .description('list the shipped scenarios and studies')
    .option('--json', 'all of them whole, as JSON')
    .addHelpText('after', example('plumbline scenarios'))
    .action((flags: { json?: boolean }) => {
      if (flags.json) {
        console.log(JSON.stringify({ ...shipped, ...studies }, null, 2));
        return;
      }
      for (const [name, scenario] of Object.entries(shipped)) {
        const requests = scenario.journeys.reduce((sum, journey) => sum + journey.steps.filter((step) => !('workMs' in step)).length, 0);
        console.log(
          `${name.padEnd(14)}${loadText(scenario.load).padEnd(12)}${`${scenario.durationMs / 1_000} s`.padEnd(7)}${`${requests} requests`.padEnd(14)}${scenario.description}`,
        );
      }
      for (const { name, description, ratePerSecond, count } of Object.values(studies)) {
        console.log(`${name.padEnd(14)}${`${ratePerSecond}/s`.padEnd(12)}${'study'.padEnd(7)}${`${count} a cell`.padEnd(14)}${description}`);
      }
    });
};
