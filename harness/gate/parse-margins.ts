import { suggestion } from '../../scenarios/nearest-name.ts';
import { UsageError } from '../usage-error.ts';
import { defaultMargins } from './margins.ts';

export interface Margins {
  p50: number;
  p95: number;
  p99: number;
  floorMs: number;
}

const names = ['p50', 'p95', 'p99', 'floor'] as const;
const expected = 'a share for every quantile, such as 8%, or some of them by name, such as p50=5%,p95=10%,p99=25%,floor=0.3ms';

/**
 * `--margin`: `8%` for every quantile, or `p50=3%,floor=0.1ms`; what is not named stays as it is. CPU a request goes by p95, throughput by p50. Throws UsageError
 * `bad_margin` with every fault.
 */
export function parseMargins(text: string | undefined): Margins {
  const margins: Margins = { ...defaultMargins };
  if (text === undefined) return margins;
  const faults: string[] = [];
  for (const part of text.split(',').map((piece) => piece.trim())) {
    const [name = '', value] = part.includes('=') ? part.split('=').map((piece) => piece.trim()) : ['', part];
    const known = names.find((one) => one === name);
    const amount = known === 'floor' ? msOf(value) : shareOf(value);
    if (name !== '' && known === undefined) faults.push(`"${name}" is none of ${names.join(', ')}${suggestion(name, names)}`);
    else if (amount === undefined) faults.push(`"${part}" has no ${known === 'floor' ? 'time, such as 0.3ms' : 'share above 0%, such as 5%'}`);
    else if (known === undefined) Object.assign(margins, { p50: amount, p95: amount, p99: amount });
    else margins[known === 'floor' ? 'floorMs' : known] = amount;
  }
  if (faults.length > 0) throw new UsageError('bad_margin', `--margin: given "${text}", expected ${expected}: ${faults.join('; ')}`);
  return margins;
}

function shareOf(text = ''): number | undefined {
  const [, digits] = /^(\d+(?:\.\d+)?) *%$/.exec(text) ?? [];
  const share = Number(`${digits}e-2`);
  return share > 0 && share <= 10 ? share : undefined;
}

function msOf(text = ''): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?) *(ms|us)$/.exec(text) ?? [];
  return digits === undefined ? undefined : unit === 'us' ? Number(digits) / 1_000 : Number(digits);
}
