import type { Load } from '../../scenarios/types.ts';
import { number } from './format.ts';

/** `constant 5/s`, `closed loop, 10 virtual users`. Rates are journeys per second. */
export function loadText(load: Load): string {
  switch (load.kind) {
    case 'constant':
      return `constant ${number(load.ratePerSecond)} journeys/s`;
    case 'poisson':
      return `Poisson ${number(load.ratePerSecond)} journeys/s`;
    case 'ramp':
      return `ramp from ${number(load.startRatePerSecond)}${load.stages.map((stage) => ` to ${number(stage.ratePerSecond)} in ${number(stage.durationMs / 1_000)} s`).join('')} (journeys/s)`;
    case 'closed':
      return `closed loop, ${number(load.vus)} virtual users${load.thinkMs === undefined ? '' : ` thinking ${number(load.thinkMs)} ms`}`;
  }
}
