import { head, labelText, type MetricFamily, type MetricFormat } from './metric-text.ts';

/** One series of a counter. Add to it where it is: keep it. */
export interface CounterCell {
  value: number;
}

/** A family of counters for hot paths: an addition, and no look-up by labels for whoever keeps the cell. */
export class CounterFamily implements MetricFamily {
  readonly name: string;
  readonly #help: string;
  readonly #labels: readonly string[];
  readonly #cells = new Map<string, { values: readonly string[]; labels: string; cell: CounterCell }>();

  /** @param name ends in `_total` */
  constructor(name: string, help: string, labels: readonly string[]) {
    this.name = name;
    this.#help = help;
    this.#labels = labels;
  }

  /** The series with these values of the labels, in their order; made, at 0, when it is not there. */
  cell(...values: readonly string[]): CounterCell {
    const key = values.join('\u0000');
    let found = this.#cells.get(key);
    if (!found) {
      found = { values, labels: labelText(this.#labels, values), cell: { value: 0 } };
      this.#cells.set(key, found);
    }
    return found.cell;
  }

  /** Forgets the series of which the label has this value. */
  drop(label: string, value: string): void {
    const index = this.#labels.indexOf(label);
    for (const [key, { values }] of this.#cells) if (values[index] === value) this.#cells.delete(key);
  }

  /** One block: a family has a few hundred series at most. */
  *blocks(format: MetricFormat): Generator<string> {
    let text = head({ name: this.name, help: this.#help, type: 'counter' }, format);
    for (const { labels, cell } of this.#cells.values()) text += `${this.name}${labels === '' ? '' : `{${labels}}`} ${cell.value}\n`;
    yield text;
  }
}
