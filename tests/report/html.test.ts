import { describe, expect, it } from 'vitest';
import { renderHtml } from '../../harness/report/html.ts';
import type { RunFile } from '../../harness/results/run-file.ts';
import { hostile, makeRun } from './fixture.ts';

const run = makeRun();
const html = renderHtml(run);

function legOf(id: string): RunFile['legs'][number] {
  const leg = run.legs.find((candidate) => candidate.id === id);
  if (!leg) throw new Error(`no leg ${id}`);
  return leg;
}

function sectionOf(id: string): string {
  return html.slice(html.indexOf(`<section id="leg-${id}"`), html.indexOf('</section>', html.indexOf(`<section id="leg-${id}"`)));
}

describe('report.html', () => {
  it('is the same for the same run, in one file below 2 MB that names nothing to load', () => {
    expect(renderHtml(makeRun())).toBe(html);
    expect(html.length).toBeLessThan(2_000_000);
    expect(html).not.toMatch(/(?:src|href)="(?!#|data:,)/);
    expect(html).not.toMatch(/@import|url\(|fetch\(|XMLHttpRequest/);
  });

  it('says the verdict and its reasons before anything else', () => {
    expect(run.verdict.verdict).toBe('fail');
    const verdict = html.indexOf('<p class="word">✕ fail</p>');
    expect(verdict).toBeGreaterThan(0);
    expect(verdict).toBeLessThan(html.indexOf('<table'));
    expect(html.slice(verdict, verdict + 600)).toContain('sse/native: fail: maxGap p95 &lt;= 180 ms');
  });

  it('prints the measured quantiles with their intervals, and marks those that n is too small for', () => {
    const latency = legOf('sse/native').all.latency;
    const p50 = latency?.quantiles.find(({ q }) => q === 0.5);
    const p99 = latency?.quantiles.find(({ q }) => q === 0.99);
    expect(latency?.n).toBe(294);
    expect(p99?.enough).toBe(false);
    const round = (ms = 0): string => Math.round(ms).toLocaleString('en-US');
    expect(sectionOf('sse-native')).toContain(`${round(p50?.ms)}<small>${round(p50?.lowMs)} – ${round(p50?.highMs)}</small>`);
    expect(sectionOf('sse-native')).toContain(`<span class="few" title="n too small: n = 294">${round(p99?.ms)}*<small>n too small</small></span>`);
  });

  it('says what the answers came over', () => {
    const names = Object.keys(legOf('sse/native').totals.protocols);
    expect(names.length).toBeGreaterThan(0);
    expect(sectionOf('sse-native')).toContain(` over ${names.join(' and ')}</span>`);
  });

  it('prints declared beside measured', () => {
    const measured = legOf('page-load/native')
      .operations.find(({ operation }) => operation === 'account.read')
      ?.metrics.exchangeTime?.quantiles.find(({ q }) => q === 0.5);
    expect(sectionOf('page-load-native')).toContain(`85 / ${Math.round(measured?.ms ?? 0)}<small>`);
  });

  it("bounds the harness' own error, with the formula and the server's loop delay beside it", () => {
    const error = legOf('page-load/native').all.measurementError?.quantiles.find(({ q }) => q === 0.99);
    expect(sectionOf('page-load-native')).toContain(
      `<b>Harness error at most ${error?.ms.toFixed(2)} ms at p99</b>; the server's loop delay p99 was 2.7 ms, max 11.2 ms.`,
    );
    expect(sectionOf('page-load-native')).toContain('measurement error &lt;= (end - sent) - connect - actual');
  });

  it('shows connection set-up as a metric of its own, with n and interval, where a connection was opened', () => {
    const leg = legOf('page-load/native');
    const section = sectionOf('page-load-native');
    expect(section).toContain(`of the ${leg.all.connect?.n} requests that a connection was opened for`);
    expect(section).toContain('>connect n</abbr>');
    const shell = leg.operations.find(({ operation }) => operation === 'assets.bundle')?.metrics.connect;
    const median = shell?.quantiles.find(({ q }) => q === 0.5);
    expect(section).toContain(`>${shell?.n}</td>`);
    expect(section).toContain(`${median?.ms.toFixed(1)}<small>${median?.lowMs?.toFixed(1)} – ${median?.highMs?.toFixed(1)}</small>`);
    for (const slug of ['sse-native', 'crud-autocannon']) expect(sectionOf(slug)).not.toContain('>connect n</abbr>');
  });

  it('says why a chart has no data instead of drawing it empty', () => {
    const k6 = sectionOf('sse-k6');
    for (const kind of ['events', 'streams']) {
      expect(k6).not.toContain(`id="chart-${kind}-sse-k6"`);
      expect(k6).toMatch(new RegExp(`data-chart="chart-${kind}-sse-k6"><b>[^<]+</b> not available: k6 hands a body to its script only when it is whole`));
    }
    expect(sectionOf('crud-autocannon')).toContain('data-chart="chart-declared-crud-autocannon"');
    expect(sectionOf('crud-autocannon')).toContain('the server does not say what latency it meant to have');
    expect(sectionOf('crud-autocannon')).toContain('not available: a closed loop has no schedule to miss');
  });

  it('shows names and errors from outside as text', () => {
    expect(html).not.toContain('<script>alert');
    expect(html).not.toContain('<img');
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;2&#39;)&quot;&gt;&amp;amp;');
    const evil = makeRun({ runId: hostile });
    for (const leg of evil.legs) {
      leg.id = `${hostile}/${leg.id}`;
      leg.driverReport.notAvailable.push({ metric: hostile, reason: hostile });
      for (const check of leg.validity.checks) check.text = hostile;
      for (const sample of [...leg.slowest, ...leg.streams]) Object.assign(sample, { requestId: hostile, traceId: hostile, step: hostile, error: hostile });
    }
    evil.verdict.reasons = [hostile];
    evil.tools = { [hostile]: hostile };
    const page = renderHtml(evil);
    expect(page).not.toContain('<script>alert');
    expect(page).not.toContain('<img');
    expect(page.match(/<script>/g)).toHaveLength(1);
  });

  it('keeps the rows of a page load of 250 requests: each request, each work step, and the milestones', () => {
    const page = sectionOf('page-load-native');
    const first = page.slice(
      page.indexOf('<figure id="chart-waterfall-page-load-native"'),
      page.indexOf('</figure>', page.indexOf('<figure id="chart-waterfall-page-load-native"')),
    );
    expect(first.match(/class="hit"/g)).toHaveLength(252);
    expect(first.match(/class="row on-path"/g)).toHaveLength(6);
    expect(first.match(/class="mark milestone"/g)).toHaveLength(2);
    expect(first).toMatch(/load 1,\d{3} ms/);
  });

  it('opens for a run in which nothing was measured', () => {
    const empty = makeRun();
    for (const leg of empty.legs)
      Object.assign(leg, {
        operations: [],
        classes: {},
        all: {},
        journeys: [],
        series: [],
        objectives: [],
        slowest: [],
        streams: [],
        waterfalls: [],
        errors: [],
      });
    delete empty.server;
    delete empty.target.profile;
    const page = renderHtml(empty);
    expect(page).toContain('its own account is not available: no control port');
    expect(page).not.toContain('NaN');
    expect(page.slice(0, page.indexOf('<script>'))).not.toContain('Infinity');
    expect(renderHtml({ ...empty, legs: [] })).toContain('</html>');
  });

  it('has no NaN, undefined or infinite coordinate anywhere', () => {
    expect(html).not.toMatch(/="[^"]*(?:NaN|undefined|Infinity)[^"]*"/);
  });
});
