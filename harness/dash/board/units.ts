/** A number with its unit, ready to be shown. */
export interface Shown {
  prefix: string;
  text: string;
  suffix: string;
}

/** Number and unit in one text. */
export function shownText({ prefix, text, suffix }: Shown): string {
  return `${prefix}${text}${suffix === '' || /^[%°]/.test(suffix) ? suffix : ` ${suffix}`}`;
}

type Format = (value: number, decimals: number | undefined) => Shown;

/** A value in a unit of Grafana's (`s`, `percentunit`, `reqps`, `suffix:...`, ...). An unknown one is shown behind the number. */
export function formatValue(value: number | null | undefined, unit = '', decimals?: number): Shown {
  if (value === null || value === undefined || Number.isNaN(value)) return { prefix: '', text: value === undefined || value === null ? '' : 'NaN', suffix: '' };
  if (!Number.isFinite(value)) return { prefix: '', text: value > 0 ? '∞' : '-∞', suffix: '' };
  const known = units[unit];
  if (known) return known(value, decimals);
  const custom = /^(suffix|prefix|si|time|count|currency):(.*)$/s.exec(unit);
  if (!custom) return { prefix: '', text: fixed(value, decimals), suffix: unit };
  const [, kind, said = ''] = custom;
  if (kind === 'prefix' || kind === 'currency') return { prefix: said, text: fixed(value, decimals), suffix: '' };
  if (kind === 'si')
    return steps(
      value,
      decimals,
      1_000,
      siPrefixes.map((prefix) => `${prefix}${said}`),
    );
  if (kind === 'time') return { prefix: '', text: dateText(value), suffix: '' };
  return { prefix: '', text: fixed(value, decimals), suffix: said };
}

/** Decimals that tell values of this size apart: three digits in all, zeros at the end left out. */
function fixed(value: number, decimals: number | undefined): string {
  if (decimals !== undefined) return grouped(value.toFixed(Math.min(decimals, 20)));
  const size = Math.abs(value);
  if (size === 0) return '0';
  const needed = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : Math.min(12, 2 - Math.floor(Math.log10(size)));
  const text = value.toFixed(needed);
  return grouped(text.includes('.') ? text.replace(/\.?0+$/, '') : text);
}

/** Thousands apart, from 10,000 on. */
function grouped(text: string): string {
  const [whole = '', part] = text.split('.');
  const split = whole.replace('-', '').length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, ',') : whole;
  return part === undefined ? split : `${split}.${part}`;
}

const siPrefixes = ['', 'k', 'M', 'G', 'T', 'P'];

function steps(value: number, decimals: number | undefined, base: number, suffixes: readonly string[]): Shown {
  let scaled = value;
  let step = 0;
  // Rounding may carry: 999.7 is 1 of the next.
  while (Math.abs(scaled) >= base - 0.5 && step < suffixes.length - 1) {
    scaled /= base;
    step += 1;
  }
  return { prefix: '', text: fixed(scaled, decimals), suffix: suffixes[step] ?? '' };
}

const stepped =
  (base: number, suffixes: readonly string[], first = 1): Format =>
  (value, decimals) =>
    steps(value * first, decimals, base, suffixes);
const plain =
  (suffix: string, times = 1): Format =>
  (value, decimals) => ({ prefix: '', text: fixed(value * times, decimals), suffix });
const rate = (what: string): Format =>
  stepped(
    1_000,
    siPrefixes.map((prefix) => `${prefix} ${what}`.trim()),
  );

const timeUnits = [
  ['ns', 1e-9],
  ['µs', 1e-6],
  ['ms', 1e-3],
  ['s', 1],
  ['min', 60],
  ['h', 3_600],
  ['d', 86_400],
] as const;

/** Seconds in the largest unit in which they are at least 1. */
function time(times: number): Format {
  return (value, decimals) => {
    const seconds = value * times;
    if (seconds === 0) return { prefix: '', text: fixed(0, decimals), suffix: timeUnits.find(([, size]) => Math.abs(size - times) < times * 1e-6)?.[0] ?? 's' };
    const [suffix, size] = timeUnits.findLast(([, each]) => Math.abs(seconds) >= each * 0.9995) ?? timeUnits[0];
    return { prefix: '', text: fixed(seconds / size, decimals), suffix };
  };
}

function clock(seconds: number): string {
  const whole = Math.round(Math.abs(seconds));
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${seconds < 0 ? '-' : ''}${two(Math.floor(whole / 3_600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

export function dateText(atMs: number): string {
  const at = new Date(atMs);
  if (Number.isNaN(at.getTime())) return String(atMs);
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

const binaryBytes = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const decimalBytes = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
const perSecond = (suffixes: readonly string[]): string[] => suffixes.map((suffix) => `${suffix}/s`);
const date: Format = (value) => ({ prefix: '', text: dateText(value), suffix: '' });

const units: Record<string, Format> = {
  '': plain(''),
  none: plain(''),
  string: plain(''),
  short: stepped(1_000, ['', 'K', 'Mil', 'Bil', 'Tri']),
  sishort: stepped(1_000, siPrefixes),
  locale: (value, decimals) => ({
    prefix: '',
    text: value.toLocaleString('en', decimals === undefined ? {} : { maximumFractionDigits: decimals }),
    suffix: '',
  }),
  sci: (value, decimals) => ({ prefix: '', text: value.toExponential(decimals ?? 2), suffix: '' }),
  percent: plain('%'),
  percentunit: plain('%', 100),
  bool: (value) => ({ prefix: '', text: value === 0 ? 'False' : 'True', suffix: '' }),
  bool_yes_no: (value) => ({ prefix: '', text: value === 0 ? 'No' : 'Yes', suffix: '' }),
  bool_on_off: (value) => ({ prefix: '', text: value === 0 ? 'Off' : 'On', suffix: '' }),
  ns: time(1e-9),
  µs: time(1e-6),
  ms: time(1e-3),
  s: time(1),
  m: time(60),
  h: time(3_600),
  d: time(86_400),
  dtdurations: time(1),
  dtdurationms: time(1e-3),
  dthms: (value) => ({ prefix: '', text: clock(value), suffix: '' }),
  bytes: stepped(1_024, binaryBytes),
  kbytes: stepped(1_024, binaryBytes, 1_024),
  mbytes: stepped(1_024, binaryBytes, 1_024 ** 2),
  decbytes: stepped(1_000, decimalBytes),
  deckbytes: stepped(1_000, decimalBytes, 1_000),
  bits: stepped(1_024, ['b', 'Kib', 'Mib', 'Gib', 'Tib']),
  decbits: stepped(1_000, ['b', 'kb', 'Mb', 'Gb', 'Tb']),
  binBps: stepped(1_024, perSecond(binaryBytes)),
  Bps: stepped(1_000, perSecond(decimalBytes)),
  KBs: stepped(1_000, perSecond(decimalBytes), 1_000),
  bps: stepped(1_000, ['b/s', 'kb/s', 'Mb/s', 'Gb/s', 'Tb/s']),
  reqps: rate('req/s'),
  rps: rate('reads/s'),
  wps: rate('writes/s'),
  ops: rate('ops/s'),
  iops: rate('I/O ops/s'),
  cps: rate('counts/s'),
  eps: rate('events/s'),
  mps: rate('messages/s'),
  recps: rate('records/s'),
  rowsps: rate('rows/s'),
  reqpm: rate('req/min'),
  opm: rate('ops/min'),
  hertz: stepped(1_000, ['Hz', 'kHz', 'MHz', 'GHz']),
  celsius: plain('°C'),
  dateTimeAsIso: date,
  dateTimeAsLocal: date,
  dateTimeAsSystem: date,
  dateTimeFromNow: date,
};
