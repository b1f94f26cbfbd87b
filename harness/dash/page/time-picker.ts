import { parseRange, type TimeRange } from '../board/time-range.ts';
import { dateText } from '../board/units.ts';
import type { RunSummary } from './api.ts';
import { h } from './dom.ts';
import { popover } from './popover.ts';

const quick: readonly (readonly [string, string])[] = [
  ['Last 1 minute', 'now-1m'],
  ['Last 5 minutes', 'now-5m'],
  ['Last 15 minutes', 'now-15m'],
  ['Last 30 minutes', 'now-30m'],
  ['Last 1 hour', 'now-1h'],
  ['Last 6 hours', 'now-6h'],
  ['Last 24 hours', 'now-24h'],
  ['Last 7 days', 'now-7d'],
  ['Last 30 days', 'now-30d'],
];
const mostRuns = 10;
/** Before a run's start and after its end. */
const marginMs = 5_000;

export interface PickedTime {
  from: string;
  to: string;
  /** A run was picked, not only its time. */
  runId?: string;
}

export function timeText({ from, to }: { from: string; to: string }): string {
  const known = to === 'now' ? quick.find(([, each]) => each === from) : undefined;
  if (known) return known[0];
  const end = (text: string): string => (/^\d+$/.test(text) ? dateText(Number(text)) : text);
  const [first, last] = [end(from), end(to)];
  return `${first} to ${last.split(' ')[0] === first.split(' ')[0] ? (last.split(' ')[1] ?? last) : last}`;
}

export function runSpan({ startedAtMs, durationMs }: RunSummary): { from: string; to: string } {
  return { from: String(startedAtMs - marginMs), to: String(Math.ceil(startedAtMs + durationMs) + marginMs) };
}

/** Quick ranges, absolute times, and the span of each of the latest runs. */
export function timePicker(time: { from: string; to: string }, runs: readonly RunSummary[], pick: (time: PickedTime) => void): HTMLElement {
  return popover(`${timeText(time)} ▾`, 'times', (close) => {
    const choose = (picked: PickedTime): void => {
      close();
      pick(picked);
    };
    const button = (text: string, picked: PickedTime, extra: Node[] = []): HTMLElement =>
      h('button', { type: 'button', class: 'item', on: { click: () => choose(picked) } }, h('span', { text }), ...extra);
    const range = parseRange(time, Date.now()) ?? { fromMs: Date.now() - 900_000, toMs: Date.now() };
    const ofRuns = runs
      .slice(0, mostRuns)
      .map((run) => button(run.runId, { ...runSpan(run), runId: run.runId }, [h('span', { class: `pill ${run.verdict}`, text: run.verdict })]));
    return [
      h('div', { class: 'times-column' }, h('h4', { text: 'Up to now' }), ...quick.map(([text, from]) => button(text, { from, to: 'now' }))),
      h(
        'div',
        { class: 'times-column' },
        h('h4', { text: 'From and to' }),
        absolute(range, choose),
        ...(ofRuns.length === 0 ? [] : [h('h4', { text: 'A run, from its start to its end' }), ...ofRuns]),
      ),
    ];
  });
}

function absolute({ fromMs, toMs }: TimeRange, choose: (picked: PickedTime) => void): HTMLElement {
  const field = (name: string, atMs: number): HTMLInputElement =>
    h('input', { type: 'text', name, value: dateText(atMs), attributes: { 'aria-label': name, spellcheck: 'false' } });
  const from = field('from', fromMs);
  const to = field('to', toMs);
  const fault = h('small', { class: 'bad' });
  const read = (text: string): string => {
    const at = Date.parse(text.trim().replace(' ', 'T'));
    return Number.isNaN(at) ? text.trim() : String(at);
  };
  const form = h('form', { class: 'absolute' }, from, to, h('button', { type: 'submit', class: 'control', text: 'Show' }), fault);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const picked = { from: read(from.value), to: read(to.value) };
    if (parseRange(picked, Date.now())) choose(picked);
    else fault.textContent = 'Expected two times, the first before the second, such as 2026-01-31 14:00:00 or now-15m';
  });
  return form;
}
