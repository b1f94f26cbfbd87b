/**
 * Slowness made on purpose, so that whoever judges the latency of code can be tested: time that a hop takes on top of the draw, as slow code would, and gaps of streams
 * that stall. Off unless `--slow` says so. It is no part of the draw: what was intended stays as it is, and what was done shows it.
 */
import { keyedRandom } from '../scenarios/random.ts';
import { operations, operationsByName, type Operation } from '../scenarios/operations.ts';
import type { DrawnHop } from './exchange.ts';
import { nearest } from './latency/faults.ts';

export interface SlowRule {
  /** As it was written. */
  text: string;
  /** Operation name, `class:<latency class>` or `*`. */
  of: string;
  hop: DrawnHop;
  addMs: number;
  /** Of the draw's total of the very request: 1.1 adds a tenth. */
  times: number;
  /** Streams: one gap is so much longer. */
  stallMs: number;
  /** Of the requests, in (0, 1]; which ones follows from their keys. */
  share: number;
}

/** What one request is to be slowed by. */
export interface Slowness {
  /** Milliseconds that the hop takes now; 0 from its second call on. */
  take(hop: DrawnHop): number;
  /** Which content event of `count` is late, counted from 0 and never the first, and by how much. */
  stallOf(count: number): { event: number; stallMs: number } | undefined;
}

const hops: readonly DrawnHop[] = ['edge', 'lb', 'mesh', 'service', 'store', 'cache', 'inference'];
const classes: readonly string[] = [...new Set(operations.map(({ latencyClass }) => latencyClass))];
const example = "'chat.conversations.list,hop=store,times=1.1; class:crud,hop=service,add=5ms,share=0.05; chat.completion,stall=50ms,share=0.05'";

/** Rules separated by `;`. Every fault is a sentence of its own. */
export function readSlow(text: string): { rules: SlowRule[]; faults: string[] } {
  const faults: string[] = [];
  const rules = text
    .split(';')
    .map((rule) => rule.trim())
    .filter((rule) => rule !== '')
    .map((rule) => readRule(rule, faults));
  if (rules.length === 0) faults.push(`"${text}" holds no rule; for example ${example}`);
  return { rules, faults };
}

function readRule(text: string, faults: string[]): SlowRule {
  const [of = '', ...settings] = text.split(',').map((part) => part.trim());
  const rule: SlowRule = { text, of, hop: 'service', addMs: 0, times: 1, stallMs: 0, share: 1 };
  const wrong = (what: string): void => void faults.push(`"${text}": ${what}; for example ${example}`);
  if (of.startsWith('class:')) {
    if (!classes.includes(of.slice(6))) wrong(`no latency class "${of.slice(6)}", there are ${classes.join(', ')}`);
  } else if (of !== '*' && !operationsByName.has(of)) {
    const near = nearest(of, [...operationsByName.keys()]);
    wrong(`no operation "${of}"${near === undefined ? '' : `, did you mean "${near}"?`}`);
  }
  for (const setting of settings) {
    const [name = '', value = ''] = setting.split('=');
    const number = Number(value.replace(/ms$/, ''));
    const isNumber = value !== '' && Number.isFinite(number);
    if (name === 'hop' && hops.some((hop) => hop === value)) rule.hop = value as DrawnHop;
    else if (name === 'hop') wrong(`no hop "${value}", there are ${hops.join(', ')}`);
    else if (name === 'add' && isNumber && number > 0) rule.addMs = number;
    else if (name === 'stall' && isNumber && number > 0) rule.stallMs = number;
    else if (name === 'times' && isNumber && number > 1) rule.times = number;
    else if (name === 'share' && isNumber && number > 0 && number <= 1) rule.share = number;
    else wrong(`"${setting}" is none of hop=<hop>, add=<above 0>ms, times=<above 1>, stall=<above 0>ms, share=<above 0, at most 1>`);
  }
  if (rule.addMs === 0 && rule.times === 1 && rule.stallMs === 0) wrong('it slows nothing: give add, times or stall');
  return rule;
}

/** The slowness of each request, and how many each rule has met. */
export class SlowRules {
  readonly #rules: readonly SlowRule[];
  readonly #met: number[];

  constructor(rules: readonly SlowRule[]) {
    this.#rules = rules;
    this.#met = rules.map(() => 0);
  }

  /** For the server's own account. */
  told(): { rule: string; requests: number }[] {
    return this.#rules.map(({ text }, i) => ({ rule: text, requests: this.#met[i] ?? 0 }));
  }

  /** Undefined: no rule meets it. The same key is met by the same rules in every server. */
  of({ name, latencyClass }: Pick<Operation, 'name' | 'latencyClass'>, key: string, totalMs: number): Slowness | undefined {
    const met = this.#rules.filter(({ of, share }, i) => {
      if (of !== '*' && of !== name && of !== `class:${latencyClass}`) return false;
      if (share < 1 && keyedRandom('slow', i, key)() >= share) return false;
      this.#met[i] = (this.#met[i] ?? 0) + 1;
      return true;
    });
    return met.length === 0 ? undefined : slownessOf(met, key, totalMs);
  }
}

function slownessOf(rules: readonly SlowRule[], key: string, totalMs: number): Slowness {
  const left = new Map<DrawnHop, number>();
  let stallMs = 0;
  for (const rule of rules) {
    stallMs += rule.stallMs;
    const ms = rule.addMs + (rule.times - 1) * totalMs;
    if (ms > 0) left.set(rule.hop, (left.get(rule.hop) ?? 0) + ms);
  }
  return {
    take(hop) {
      const ms = left.get(hop) ?? 0;
      left.delete(hop);
      return ms;
    },
    stallOf(count) {
      if (stallMs === 0 || count < 2) return undefined;
      return { event: 1 + Math.floor(keyedRandom('slow', 'stall', key)() * (count - 1)), stallMs };
    },
  };
}
