/**
 * Objectives as one line of text, the same for `--threshold`, for k6 and in reports:
 *
 *     threshold = [scenario ":"] quantity bound ["and" bound]
 *     quantity  = [metric] "p" number ["(" scope ")"]     p95(crud), ttft p99(chat.completion), p50
 *               | "milestone p" number "(" name ")"       milestone p50(load)
 *               | share ["(" scope ")"]                   error_rate, goodput(crud)
 *     metric    = latency (when there is none) | serviceTime | ttfb | ttft | tpot | maxGap | residual
 *     share     = error_rate | goodput | achieved
 *     scope     = name ["," name]                         a latency class, an operation, or an operation and its class; none: every request
 *     name      = ["class:" | "operation:"] (word | "in quotation marks, as in JSON")
 *     bound     = ("<" | "<=" | ">" | ">=") number (us | ms | s | %)
 *
 * A name without prefix is a class where there is one of that name, else an operation. A value that equals its bound meets it, so `<` says the same as `<=`. A share is
 * written in percent, or as a number from 0 to 1. Several are separated by `;` or by lines.
 */
import type { LatencyClass, LatencyMetric, Objective, RatioMetric } from './types.ts';
import { suggestion } from './nearest-name.ts';

/** One threshold as it was read. `scenario` absent: for each scenario that it fits. */
export interface Threshold {
  text: string;
  scenario?: string;
  objective: Objective;
}

export interface ThresholdFault {
  text: string;
  message: string;
}

const latencyMetrics: readonly string[] = ['latency', 'serviceTime', 'ttfb', 'ttft', 'tpot', 'maxGap', 'residual'] satisfies LatencyMetric[];
const shares: Readonly<Record<string, RatioMetric>> = { error_rate: 'errorRatio', goodput: 'goodputRatio', achieved: 'achievedRatio' };
const classes: readonly string[] = ['static', 'metadata', 'crud', 'completion'] satisfies LatencyClass[];
const milestone = 'milestone';
const quantities = [...latencyMetrics, milestone, ...Object.keys(shares)];
const unitsMs: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000 };
const example = 'for example p95(crud) < 700ms, ttft p95 < 1.5s, error_rate < 0.1%';

/** Every threshold of a text, and every fault: at most one a threshold, its first. Whether the names exist is not looked at. */
export function parseThresholds(text: string): { thresholds: Threshold[]; faults: ThresholdFault[] } {
  const thresholds: Threshold[] = [];
  const faults: ThresholdFault[] = [];
  for (const part of partsOf(text)) {
    try {
      thresholds.push({ text: part, ...parseOne(part) });
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      faults.push({ text: part, message: error.message });
    }
  }
  return { thresholds, faults };
}

/** The threshold that is read back as this objective. */
export function thresholdText(objective: Objective): string {
  const { metric, quantile, operation, latencyClass, min, max } = objective;
  const share = Object.entries(shares).find(([, name]) => name === metric)?.[0];
  const names = [
    ...(metric === milestone ? [nameText(objective.milestone ?? '')] : []),
    ...(operation === undefined ? [] : [classes.includes(operation) ? `operation:${nameText(operation)}` : nameText(operation)]),
    ...(latencyClass === undefined ? [] : [latencyClass]),
  ];
  const what = share ?? `${metric === 'latency' ? '' : `${metric} `}p${inPercent(quantile ?? 0.5)}`;
  const bound = (value: number): string => (share === undefined ? `${value}ms` : `${inPercent(value)}%`);
  const bounds = [...(min === undefined ? [] : [`>= ${bound(min)}`]), ...(max === undefined ? [] : [`<= ${bound(max)}`])];
  return `${what}${names.length > 0 ? `(${names.join(', ')})` : ''} ${bounds.join(' and ')}`;
}

class Unreadable extends Error {}

interface Token {
  text: string;
  at: number;
  /** Of a name in quotation marks: what it stands for. */
  quoted?: string;
}

class Reader {
  private next = 0;
  private readonly tokens: Token[];

  constructor(text: string) {
    this.tokens = [...text.matchAll(/"(?:[^"\\]|\\.)*"|<=|>=|[<>(),:"]|[^\s<>(),:"]+/g)].map(tokenOf);
  }

  peek(ahead = 0): string | undefined {
    return this.tokens[this.next + ahead]?.text;
  }

  take(expected: string): Token {
    const token = this.tokens[this.next];
    if (!token) throw new Unreadable(`ends too early, expected ${expected}`);
    this.next += 1;
    return token;
  }

  /** Takes the word where it comes next. */
  skip(word: string): boolean {
    if (this.peek() !== word) return false;
    this.next += 1;
    return true;
  }

  expect(word: string): void {
    const token = this.take(`"${word}"`);
    if (token.text !== word) throw wrong(token, `"${word}"`);
  }

  end(): void {
    const token = this.tokens[this.next];
    if (token) throw wrong(token, 'nothing more');
  }
}

function tokenOf({ 0: text, index: at }: RegExpExecArray): Token {
  if (!text.startsWith('"')) return { text, at };
  try {
    return { text, at, quoted: String(JSON.parse(text)) };
  } catch {
    throw new Unreadable(`at ${at + 1}: ${text === '"' ? 'a quotation mark that nothing closes' : `${text} is no text in quotation marks, as JSON has it`}`);
  }
}

function wrong({ text, at }: Token, expected: string): Unreadable {
  return new Unreadable(`at ${at + 1}: given ${JSON.stringify(text)}, expected ${expected}`);
}

/** At `;` and line ends, but not inside of quotation marks. */
function partsOf(text: string): string[] {
  const parts = text.match(/(?:"(?:[^"\\]|\\.)*"|[^;\n"]|")+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

function parseOne(text: string): Omit<Threshold, 'text'> {
  const reader = new Reader(text);
  const scenario = reader.peek(1) === ':' ? reader.take('a scenario').text : undefined;
  if (scenario !== undefined) reader.expect(':');
  const objective = quantityFrom(reader);
  const names = namesFrom(reader);
  if (objective.metric === milestone) {
    const [only] = names;
    if (!only || names.length > 1) throw new Unreadable('a milestone needs its one name, such as milestone p50(load)');
    objective.milestone = only.name;
  } else addScope(objective, names);
  const ratio = Object.values(shares).some((share) => share === objective.metric);
  addBound(objective, reader, ratio);
  if (reader.skip('and')) addBound(objective, reader, ratio);
  reader.end();
  return { ...(scenario !== undefined && { scenario }), objective };
}

function quantityFrom(reader: Reader): Objective {
  const first = reader.take(`a metric or a quantile, ${example}`);
  if (/^p[\d.]/.test(first.text)) return { metric: 'latency', quantile: quantileFrom(first) };
  const share = Object.hasOwn(shares, first.text) ? shares[first.text] : undefined;
  if (share !== undefined) return { metric: share };
  if (!quantities.includes(first.text)) throw wrong(first, `p95 or one of ${quantities.join(', ')}${suggestion(first.text, quantities)}`);
  return { metric: first.text as Objective['metric'], quantile: quantileFrom(reader.take(`a quantile after ${first.text}, such as p95`)) };
}

function quantileFrom(token: Token): number {
  const [, digits] = /^p(\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.exec(token.text) ?? [];
  const quantile = digits === undefined ? Number.NaN : fromPercent(digits);
  if (!(quantile > 0 && quantile < 1)) throw wrong(token, 'a quantile between p0 and p100, such as p95');
  return quantile;
}

interface Name {
  name: string;
  kind?: 'class' | 'operation';
}

function namesFrom(reader: Reader): Name[] {
  if (!reader.skip('(')) return [];
  const names = [nameFrom(reader)];
  while (reader.skip(',')) names.push(nameFrom(reader));
  reader.expect(')');
  return names;
}

function nameFrom(reader: Reader): Name {
  const token = reader.take('a latency class or an operation');
  if ((token.text === 'class' || token.text === 'operation') && reader.skip(':')) return { name: plainName(reader.take('a name')), kind: token.text };
  return { name: plainName(token), ...(token.quoted !== undefined && { kind: 'operation' as const }) };
}

function plainName(token: Token): string {
  if (token.quoted === undefined && /^[<>(),:"]/.test(token.text)) throw wrong(token, 'a name');
  return token.quoted ?? token.text;
}

function addScope(objective: Objective, names: readonly Name[]): void {
  for (const { name, kind = classes.includes(name) ? 'class' : 'operation' } of names) {
    if (kind === 'class') {
      if (!classes.includes(name))
        throw new Unreadable(`given the class ${JSON.stringify(name)}, expected one of ${classes.join(', ')}${suggestion(name, classes)}`);
      if (objective.latencyClass !== undefined) throw new Unreadable('has two latency classes: write two thresholds');
      objective.latencyClass = name as LatencyClass;
    } else {
      if (objective.operation !== undefined) throw new Unreadable('has two operations: write two thresholds');
      objective.operation = name;
    }
  }
}

function addBound(objective: Objective, reader: Reader, ratio: boolean): void {
  const sign = reader.take('a bound, such as < 700ms');
  if (!/^[<>]=?$/.test(sign.text)) throw wrong(sign, '<, <=, > or >=');
  const value = reader.take(ratio ? 'a share, such as 99%' : 'a time, such as 700ms');
  const [, digits, attached] = /^(-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)([a-z%]*)$/i.exec(value.text) ?? [];
  if (digits === undefined) throw wrong(value, ratio ? 'a share, such as 99%' : 'a time, such as 700ms');
  // `700 ms`: the unit as a word of its own.
  const unit = attached === '' && /^(?:us|ms|s|%)$/.test(reader.peek() ?? '') ? reader.take('a unit').text : (attached ?? '');
  const key = sign.text.startsWith('<') ? 'max' : 'min';
  if (objective[key] !== undefined) throw new Unreadable(`has two ${key === 'max' ? 'upper' : 'lower'} bounds`);
  objective[key] = ratio ? shareOf(digits, unit) : timeOf(digits, unit);
}

function timeOf(digits: string, unit: string): number {
  const scale = Object.hasOwn(unitsMs, unit) ? unitsMs[unit] : undefined;
  if (scale === undefined) throw new Unreadable(`given ${digits}${unit}, expected a time with its unit: ${digits}ms, ${digits}s or ${digits}us`);
  return unit === 'us' ? Number(digits) / 1_000 : Number(digits) * scale;
}

function shareOf(digits: string, unit: string): number {
  if (unit !== '%' && unit !== '') throw new Unreadable(`given ${digits}${unit}, expected a share: 99.9% or 0.999`);
  const share = unit === '%' ? fromPercent(digits) : Number(digits);
  if (!(share >= 0 && share <= 1))
    throw new Unreadable(`given ${digits}${unit}, expected a share from 0% to 100%${unit === '' ? `; in percent it is ${digits}%` : ''}`);
  return share;
}

/** In percent, by its digits: 0.07 is 7 and not 7.000000000000001, so that it is read back as the very same number. */
function inPercent(share: number): string {
  const [digits = '', exponent] = String(share).split('e');
  if (exponent !== undefined) return `${digits}e${Number(exponent) + 2}`;
  const [whole = '', fraction = ''] = digits.split('.');
  const moved = `${whole}${fraction.slice(0, 2).padEnd(2, '0')}`.replace(/^0+(?=\d)/, '');
  return fraction.length > 2 ? `${moved}.${fraction.slice(2)}` : moved;
}

function fromPercent(text: string): number {
  const [digits = '', exponent = '0'] = text.toLowerCase().split('e');
  return Number(`${digits}e${Number(exponent) - 2}`);
}

/** Quotation marks where a bare word would be read as something else. */
function nameText(name: string): string {
  return /^[\w./{}$@~+-]+$/.test(name) ? name : JSON.stringify(name);
}
