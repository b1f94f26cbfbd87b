import { quantileOf } from '../results/distribution.ts';
import type { LegResult, ServerAccount } from '../results/run-file.ts';
import { has, whyNot } from './figures-of.ts';
import { ms, quantileName } from './format.ts';

/**
 * Without control characters, and without what the log of a GitHub step takes for a command (`::name::` at the start of a word, `##[name]` anywhere): names and error lines
 * come from outside, and who reads them obeys what it is sent.
 */
export function printable(text: string): string {
  const plain = [...text].map((character) => (isControl(character.codePointAt(0) ?? 0) ? ' ' : character)).join('');
  return plain.replaceAll('##[', '## [').replace(/(^|\s)::(?=[a-z-]+(?: .*)?::)/gi, '$1: :');
}

function isControl(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

/** Breaks at spaces; `first` and `rest` go before the first and each further line. A word that fits no line is cut. */
export function wrap(text: string, width: number, first = '', rest = first): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of printable(text).split(' ')) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = rest;
      empty = true;
    }
    line = clip(empty ? line + word : `${line} ${word}`, width);
    empty = false;
  }
  return [...lines, line];
}

export function clip(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, Math.max(1, width - 1))}…` : text;
}

/** `harness error at most 0.4 ms at p99: (end - sent) - connect - actual; server loop delay p99 2.7 ms`, or why there is none. */
export function plainError(leg: LegResult, server: ServerAccount | undefined): string {
  const error = leg.all.measurementError;
  if (!has(error)) return `harness error: not available, ${whyNot(leg, ['measurementError', 'residual'], 'the server does not say what it did')}`;
  const q = [0.99, 0.95, 0.9].find((candidate) => quantileOf(error, candidate)?.enough) ?? 0.5;
  const loop = server ? `server loop delay p99 ${ms(server.loopDelay.p99Ms)}` : 'server loop delay not available';
  return `harness error at most ${ms(quantileOf(error, q)?.ms ?? 0)} at ${quantileName(q)}${q === 0.99 ? '' : ` (n ${error.n} too small for p99)`}: (end - sent) - connect - actual; ${loop}`;
}
