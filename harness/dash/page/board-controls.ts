import type { Board } from '../board/board.ts';
import type { TimeRange } from '../board/time-range.ts';
import { durationMs } from '../board/time-range.ts';
import type { ResolvedVariable } from '../board/variables.ts';
import type { BoardAddress } from './address.ts';
import type { RunSummary } from './api.ts';
import { h } from './dom.ts';
import { runSpan, timePicker } from './time-picker.ts';
import { variableControls } from './variables-bar.ts';

const refreshes = [
  ['', 'Refresh off'],
  ['1s', 'Every second'],
  ['5s', 'Every 5 s'],
] as const;

export interface ControlParts {
  board: Board;
  address: BoardAddress;
  time: { from: string; to: string };
  runs: readonly RunSummary[];
  variables: readonly ResolvedVariable[];
  range: TimeRange;
  refreshMs: number;
  go(address: BoardAddress): void;
  /** Asks for everything once more. */
  again(): void;
}

/** Variables to the left, time and refresh to the right. */
export function boardControls(parts: ControlParts): HTMLElement[] {
  const { board, address, time, runs, variables, range, go, again } = parts;
  const set = (name: string, values: string[]): void => go({ ...address, variables: { ...address.variables, [name]: values } });
  const hasRun = board.variables.some(({ name }) => name === 'run');
  const picker = timePicker(time, runs, ({ from, to, runId }) =>
    go({ ...address, time: { from, to }, variables: { ...address.variables, ...(runId !== undefined && hasRun && { run: [runId] }) } }),
  );
  const chosen = variables.find(({ name }) => name === 'run');
  const ended = runs.find(({ runId }) => chosen?.values.length === 1 && runId === chosen.values[0]);
  const span = ended && runSpan(ended);
  const isSpan = span && span.from === time.from && span.to === time.to;
  const toRun =
    span && !isSpan ? [h('button', { type: 'button', class: 'control', text: "The run's time", on: { click: () => go({ ...address, time: span }) } })] : [];
  const length = range.toMs - range.fromMs;
  const shift = (by: number, factor: number): void => {
    const middle = (range.fromMs + range.toMs) / 2 + by * length;
    go({ ...address, time: { from: String(Math.round(middle - (length * factor) / 2)), to: String(Math.round(middle + (length * factor) / 2)) } });
  };
  const step = (text: string, title: string, by: number, factor: number): HTMLElement =>
    h('button', { type: 'button', class: 'control small', text, title, attributes: { 'aria-label': title }, on: { click: () => shift(by, factor) } });
  return [
    h('div', { class: 'variables' }, ...variableControls(variables, set)),
    h(
      'div',
      { class: 'times' },
      ...toRun,
      h('div', { class: 'joined' }, step('‹', 'earlier', -0.5, 1), picker, step('›', 'later', 0.5, 1), step('−', 'a longer time', 0, 2)),
      h(
        'div',
        { class: 'joined' },
        refreshSelect(parts),
        h('button', { type: 'button', class: 'control small', text: '↻', title: 'ask again now', on: { click: again } }),
      ),
    ),
  ];
}

function refreshSelect({ address, refreshMs, go }: ControlParts): HTMLElement {
  const select = h('select', { name: 'refresh', attributes: { 'aria-label': 'refresh' } });
  const isKnown = refreshes.some(([value]) => (durationMs(value) ?? 0) === refreshMs);
  const offered = isKnown ? refreshes : ([...refreshes, [`${refreshMs / 1_000}s`, `Every ${refreshMs / 1_000} s`]] as const);
  for (const [value, text] of offered) {
    const option = h('option', { value, text });
    option.selected = (durationMs(value) ?? 0) === refreshMs;
    select.append(option);
  }
  select.addEventListener('change', () => go({ ...address, refresh: select.value }));
  return select;
}
