import { describe, expect, it } from 'vitest';
import { compareRuns } from '../../harness/judge/compare.ts';
import { renderCompareHtml } from '../../harness/report/compare-html.ts';
import { renderCompareTerminal } from '../../harness/report/compare-terminal.ts';
import { renderJUnit } from '../../harness/report/junit.ts';
import { renderMarkdown } from '../../harness/report/markdown.ts';
import { renderProgressBlock, renderProgressLine } from '../../harness/report/progress.ts';
import { renderTerminal } from '../../harness/report/terminal.ts';
import { hostile, makeRun } from './fixture.ts';
import { parseXml } from './xml.ts';

const run = makeRun();

describe('terminal', () => {
  it('fits 100 columns without colour, the verdict first', () => {
    const text = renderTerminal(run, { colour: false, width: 100 });
    const lines = text.split('\n');
    expect(lines.find((line) => line !== '')).toBe('FAIL  20261123-114500-demo-7f3a');
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    expect(text).not.toContain('\u001b');
    expect(text).toContain('sse/native: fail: maxGap p95 <= 180 ms');
    expect(text).toMatch(/met {8}ttft p95 of chat\.completion <= 1500 ms \(1,\d{3} ms\)/);
    expect(text).toMatch(/harness error at most \d+\.\d+ ms at p95 \(n 294 too small for p99\): \(end - sent\) - connect - actual/);
  });

  it('tells connection set-up in the same table, of the legs that opened connections', () => {
    const connect = run.legs.find(({ id }) => id === 'page-load/native')?.all.connect;
    const rows = renderTerminal(run, { colour: false, width: 100 })
      .split('\n')
      .filter((line) => line.includes('connect (set-up'));
    expect(rows).toHaveLength(run.legs.filter(({ all }) => (all.connect?.n ?? 0) > 0).length);
    expect(rows[0]).toMatch(new RegExp(`connect \\(set-up of connections\\)\\s+${connect?.n}\\s+16\\.\\d`));
    const [row = ''] = renderMarkdown(run)
      .split('\n')
      .filter((line) => line.startsWith('| connect (set-up'));
    expect(row).toMatch(new RegExp(`\\| ${connect?.n} \\| 16\\.\\d \\(1[56]\\.?\\d* – 1[67]\\.?\\d*\\) \\|`));
    const never = makeRun();
    for (const leg of never.legs) if (leg.all.connect) leg.all.connect.maxMs = 0;
    expect(renderTerminal(never, { colour: false, width: 100 }) + renderMarkdown(never)).not.toContain('connect (set-up');
  });

  it('colours where asked, and lets no control character of a name through', () => {
    const evil = makeRun();
    for (const operation of evil.legs[0]?.operations ?? []) operation.operation = `\u001b[2J${operation.operation}\u0007`;
    expect(renderTerminal(evil, { colour: false, width: 100 })).not.toContain('\u001b');
    expect(renderTerminal(run, { colour: true, width: 100 })).toContain('\u001b[31m');
  });
});

describe('progress', () => {
  const live = {
    phase: 'measured' as const,
    ratePerSecond: 12,
    inFlight: 45,
    scheduled: 96,
    sent: 96,
    ended: 51,
    ok: 50,
    errors: 1,
    dropped: 2,
    errorRatio: 0.02,
    p50Ms: 4_512,
    p95Ms: 4_802,
    p99Ms: 4_981,
  };
  it('is a plain line for logs', () => {
    expect(renderProgressLine({ id: 'sse/native', elapsedMs: 8_000, totalMs: 22_000, live })).toBe(
      'sse/native  8 s of 22 s  12/s  45 in flight  p50 4,512 ms  p95 4,802 ms  p99 4,981 ms  1 errors  2 dropped',
    );
  });
  it('is a block of two lines a leg for a terminal, and empty without legs', () => {
    const block = renderProgressBlock([{ id: 'sse/native', elapsedMs: 11_000, totalMs: 22_000, live }], { colour: false, width: 100 });
    expect(block.split('\n')).toHaveLength(2);
    expect(block).toContain('11 s left');
    expect(block).toContain('12/s  45 in flight  p50 4,512 ms  p95 4,802 ms  p99 4,981 ms  1 errors, 2 dropped');
    expect(block.match(/━/g)).toHaveLength(10);
    const { p50Ms: _p50, p95Ms: _p95, p99Ms: _p99, ...before } = live;
    expect(renderProgressBlock([{ id: 'sse/native', elapsedMs: 0, totalMs: 22_000, live: before }], { colour: false, width: 100 })).toContain(
      '45 in flight  1 errors',
    );
    expect(renderProgressBlock([], { colour: false, width: 100 })).toBe('');
  });
});

describe('markdown', () => {
  it('says the verdict first, and turns nothing of a name into mark-up', () => {
    const text = renderMarkdown(run);
    expect(text.split('\n')[0]).toBe('## ❌ fail: 20261123-114500-demo-7f3a');
    expect(text).not.toContain('<script>');
    expect(text).toMatch(/\| ❌ fail \| maxGap p95 &lt;= 180 ms \| 380 ms \| 297 \|/);
    for (const line of text.split('\n').filter((candidate) => candidate.startsWith('| chat.completion')))
      expect(line.split('|')).toHaveLength(line.split('|').length > 8 ? 10 : 8);
  });
});

describe('JUnit', () => {
  it('is well-formed: a case an objective and one for the delivery of each leg', () => {
    const root = parseXml(renderJUnit(run));
    expect(root.name).toBe('testsuites');
    expect(root.attributes).toMatchObject({ tests: '18', failures: '1', errors: '0', skipped: '3' });
    const cases = root.children.flatMap((suite) => suite.children);
    expect(cases).toHaveLength(18);
    const missed = cases.filter((entry) => entry.children.some(({ name }) => name === 'failure'));
    expect(missed.map(({ attributes }) => `${attributes['classname']} ${attributes['name']}`)).toEqual(['sse/native maxGap p95 <= 180 ms']);
  });

  it('makes every objective of an invalid leg an error, and drops what XML cannot say', () => {
    const invalid = makeRun({ invalid: true, runId: `x\u0000\u001b${hostile}\ud800` });
    const root = parseXml(renderJUnit(invalid));
    expect(root.attributes['name']).toBe(`plumbline x${hostile}`);
    expect(root.children[0]?.attributes).toMatchObject({ name: 'page-load/native', tests: '5', errors: '5', failures: '0' });
  });

  it('is checked by a parser that refuses what is broken', () => {
    for (const broken of ['<a>', '<a></b>', '<a x=1/>', '<a x="<"/>', '<a>&nope;</a>', '<a/><b/>', '<a>\u0007</a>']) expect(() => parseXml(broken)).toThrow();
  });
});

describe('compare', () => {
  const slower = makeRun({ runId: 'after', slowerMs: 40 });
  const comparison = compareRuns(run, slower);

  it('lays two runs side by side: difference, ratio, and whether the intervals overlap', () => {
    const text = renderCompareTerminal(comparison, { colour: false, width: 100 });
    expect(text.split('\n').filter((line) => line.length > 100)).toEqual([]);
    const row = comparison.legs[0]?.rows.find(({ scope, metric, q }) => scope.kind === 'all' && metric === 'residual' && q === 0.5);
    expect(row?.differenceMs).toBeGreaterThan(39);
    expect(row?.differenceMs).toBeLessThan(41);
    expect(text).toMatch(/all requests\s+residual p50\s+0\.\d+\s+4\d(\.\d)?\s+\+(39\.\d|40(\.\d)?)\s+[\d.]+x\s+apart/);
  });

  it('says that the same run twice does not differ', () => {
    const same = compareRuns(run, makeRun());
    expect(same.legs.flatMap(({ rows }) => rows).filter((row) => row.differenceMs !== 0)).toEqual([]);
    expect(renderCompareTerminal(same, { colour: false, width: 100 })).not.toMatch(/\sapart$/m);
  });

  it('draws both on the same charts, in a page that names nothing to load', () => {
    const html = renderCompareHtml(run, slower, comparison);
    expect(html).toContain('id="chart-percentiles-page-load-native"');
    expect(html).toContain('id="chart-series-crud-autocannon"');
    expect(html).not.toContain('<script>alert');
    expect(html).not.toMatch(/(?:src|href)="(?!#|data:,)/);
    expect(html).toContain('<span class="bad">apart</span>');
  });
});
