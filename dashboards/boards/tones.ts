import { verdictValues } from '../../scenarios/names.ts';
import type { Tones } from '../build/panel.ts';
import { type ColourName, hops, latencyClasses } from '../build/look.ts';

export const hopColours: Readonly<Record<string, ColourName>> = Object.fromEntries(hops.map((hop) => [hop, hop]));
export const classColours: Readonly<Record<string, ColourName>> = Object.fromEntries(latencyClasses.map((name) => [name, name]));

/** Of a run, and of an objective. */
export const verdicts: Tones = {
  [verdictValues.pass]: { text: 'pass', colour: 'good' },
  [verdictValues.inconclusive]: { text: 'inconclusive', colour: 'warning' },
  [verdictValues.fail]: { text: 'fail', colour: 'bad' },
  [verdictValues.invalid]: { text: 'invalid', colour: 'bad' },
};

export const holds: Tones = { 0: { text: 'no', colour: 'bad' }, 1: { text: 'yes', colour: 'good' } };
