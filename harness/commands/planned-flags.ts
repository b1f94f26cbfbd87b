/** Which flags of a gate its plan.json keeps, and what those that are given later have to do with them. Pure. */
import type { PlanFlags } from '../gate/plan-file.ts';

const planned: readonly string[] = [
  ...[
    'base',
    'head',
    'scenario',
    'threshold',
    'rate',
    'samples',
    'epochDuration',
    'warmup',
    'block',
    'draws',
    'margin',
    'pilot',
    'maxMinutes',
    'seed',
    'accept',
  ],
  ...['profile', 'install', 'start', 'ready', 'readyTimeout', 'containerPort', 'allowHost', 'maxRequests', 'slow', 'spans'],
];

export function planFlagsOf(flags: object): PlanFlags {
  const all = flags as Record<string, PlanFlags[string] | undefined>;
  return Object.fromEntries(
    planned.flatMap((name) => {
      const value = all[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** A flag that was given to a gate that has a plan, and that says something else than the plan. */
export interface OtherFlag {
  name: string;
  /** As it is written: `--margin 8%`. */
  text: string;
  /** The same of the plan. */
  before: string;
}

/**
 * The flags of the plan, but for those that were given anew.
 * @param given names of the flags that were given, in contrast to defaults
 */
export function withPlanned<Flags extends object>(flags: Flags, given: ReadonlySet<string>, plan: PlanFlags): { flags: Flags; others: OtherFlag[] } {
  const asked = planFlagsOf(flags);
  const others = planned
    .filter((name) => given.has(name) && JSON.stringify(asked[name]) !== JSON.stringify(plan[name]))
    .map((name) => ({ name, text: written(name, asked[name]), before: written(name, plan[name]) }));
  const kept = Object.fromEntries(planned.filter((name) => !given.has(name)).map((name) => [name, plan[name]]));
  return { flags: { ...flags, ...kept }, others };
}

function written(name: string, value: PlanFlags[string] | undefined): string {
  const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  if (value === false) return `--no-${flag}`;
  const values = [value ?? []].flat();
  return values.length === 0 ? `no --${flag}` : values.map((one) => `--${flag} ${one}`).join(' ');
}
