import { LabelTree } from './label-tree.ts';
import { head, labelText, type MetricFamily, type MetricFormat } from './metric-text.ts';

/** One series of a counter. Add to it where it is: keep it. */
export interface CounterCell {
  value: number;
}

interface LabelledCell extends CounterCell {
  readonly labels: string;
}

/** A family of counters for hot paths: an addition, and no look-up by labels for whoever keeps the cell. */
export class CounterFamily implements MetricFamily {
  readonly name: string;
  readonly #help: string;
  readonly #labels: readonly string[];
  readonly #cells: LabelTree<LabelledCell>;

  /** @param name ends in `_total` */
  constructor(name: string, help: string, labels: readonly string[]) {
    this.name = name;
    this.#help = help;
    this.#labels = labels;
    this.#cells = new LabelTree((values) => ({ labels: labelText(labels, values), value: 0 }));
  }

  /** The series with these values of the labels, in their order; made, at 0, when it is not there. */
  cell(...values: readonly string[]): CounterCell {
    return this.#cells.at(values);
  }

  /** Forgets the series of which the label has this value. */
  drop(label: string, value: string): void {
    this.#cells.drop(this.#labels.indexOf(label), value);
  }

  /** One block: a family has a few hundred series at most. */
  *blocks(format: MetricFormat): Generator<string> {
    let text = head({ name: this.name, help: this.#help, type: 'counter' }, format);
    for (const { labels, value } of this.#cells.all()) text += `${this.name}${labels === '' ? '' : `{${labels}}`} ${value}\n`;
    yield text;
  }
}
