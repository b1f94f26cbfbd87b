import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import type { GateFile } from '../../harness/gate/gate-file.ts';
import { tellGitHub, writeGateReports } from '../../harness/gate/write-gate-reports.ts';
import { renderGateAnnotations } from '../../harness/report/gate/annotations.ts';
import { renderGateJUnit } from '../../harness/report/gate/junit.ts';
import { commentMarker, markdownLimits, renderGateComment, renderGateMarkdown } from '../../harness/report/gate/markdown.ts';
import { ruledOut } from '../../harness/report/gate/ruled-out.ts';
import { summarise } from '../../harness/report/gate/summary.ts';
import { renderGateTerminal } from '../../harness/report/gate/terminal.ts';
import { emptyFolder } from '../support/cli.ts';
import { parseXml, type XmlElement } from '../report/xml.ts';
import { epochCount, failedGate, judgement, makeGate, metricEpochs } from './gate-fixture.ts';

const firstLine = (gate: GateFile): string => renderGateMarkdown(gate).split('\n')[0] ?? '';
const bytes = (text: string): number => Buffer.byteLength(text);

/** p50 of the list could still be 6% slower. */
function openGate(): GateFile {
  const gate = makeGate();
  const metrics = (gate.decision?.metrics ?? []).map((metric, index) =>
    index === 0 ? { ...metric, verdict: 'inconclusive' as const, change: 0.03, changeLow: 0.001, changeHigh: 0.061 } : metric,
  );
  return makeGate({
    decision: { verdict: 'inconclusive', epochs: 32, look: 4, alphaFail: 0.005, alphaPass: 0.0125, metrics, errors: [] },
    verdict: { verdict: 'inconclusive', reasons: ['1 of 4 metrics could not be told after 32 epochs'] },
  });
}

/** Many metrics; every tenth one slower. */
function largeGate(count: number): GateFile {
  const metrics = Array.from({ length: count }, (_, index) =>
    metricEpochs(`operation.${String(index).padStart(5, '0')} latency p50`, index % 10 === 0 ? 0.2 + index / 1e6 : 0.001),
  );
  const judged = metrics.map((metric, index) => judgement(metric, index % 10 === 0 ? 'fail' : 'pass'));
  return makeGate({
    metrics,
    decision: { verdict: 'fail', epochs: epochCount, look: 1, alphaFail: 0.005, alphaPass: 0.0125, metrics: judged, errors: [] },
    verdict: { verdict: 'fail', reasons: judged.filter(({ verdict }) => verdict === 'fail').map(({ id }) => `${id}: slower`) },
  });
}

const hostile = '<img src=x onerror=alert(1)> | `x` @everyone **b** [a](http://e) ::error::\nnext';
function hostileGate(): GateFile {
  const metrics = [{ ...metricEpochs('x latency p50', 0.2), id: `${hostile} latency p50`, scope: { kind: 'operation' as const, name: hostile } }];
  return makeGate({
    metrics,
    sides: { base: { label: hostile, kind: 'git' }, head: { label: hostile, kind: 'git' } },
    decision: {
      verdict: 'fail',
      epochs: 8,
      look: 1,
      alphaFail: 0.005,
      alphaPass: 0.0125,
      metrics: metrics.map((metric) => judgement(metric, 'fail')),
      errors: [],
    },
    verdict: { verdict: 'fail', reasons: [hostile] },
  });
}

describe('the first line', () => {
  it('of a pass says how sure it is and what was ruled out', () => {
    expect(firstLine(makeGate())).toBe(
      '✅ **pass**: No regression in 4 metrics after 8 epochs: ruled out, each with 95% confidence: no operation is more than 5% and 0.3 ms slower at p50 or 10% at p95.',
    );
  });

  it('of a fail names the operation, by how much, the hop, how often it would be a false alarm, and what is ruled out of the rest', () => {
    expect(firstLine(failedGate())).toBe(
      '❌ **fail**: chat.conversations.list is 10% slower at p50 (+9.6% to +10.4%, margin 5%), in the hop store, own time 20 → 24.1 ms (+4.05 to +4.15 ms) of +4.09 ms at p50; 2 of 4 metrics failed after 8 epochs (a false alarm in at most 2% of gates without a change). Ruled out, each with 95% confidence: no operation of the 1 that passed (of 2) is more than 5% and 0.3 ms slower at p50 or 10% at p95.',
    );
  });

  it('claims nothing of what is advisory', () => {
    const gate = makeGate();
    for (const metric of gate.decision?.metrics ?? [])
      if (metric.id === 'projects.read latency p95') metric.advisory = '12 samples an epoch and side, 200 needed';
    expect(firstLine(gate)).toContain('No regression in 3 metrics (1 more are advisory) after 8 epochs');
    expect(firstLine(gate)).toContain('slower at p50; no operation of the 1 that passed (of 2) is more than 10% and 0.3 ms slower at p95.');
  });

  it('says of how many operations nothing is ruled out, and which metrics can only fail', () => {
    const gate = makeGate();
    for (const metric of gate.decision?.metrics ?? []) if (metric.id === 'projects.read latency p95') metric.failsOnly = 'it varies by 20%';
    expect(firstLine(gate)).toContain('No regression in 3 metrics (1 more can only fail) after 8 epochs');
    expect(firstLine(gate)).not.toContain('Nothing is ruled out');
    for (const metric of gate.decision?.metrics ?? []) if (metric.id.startsWith('projects.read')) metric.advisory = 'accepted until 2026-12-31';
    expect(firstLine(gate)).toContain('No regression in 2 metrics (2 more are advisory) after 8 epochs');
    expect(firstLine(gate)).toMatch(/Nothing is ruled out for 1 of 2 operations\.$/);
  });

  it('tells the whole server apart, where that passed', () => {
    const cpu = judgement({ ...metricEpochs('all latency p50', 0.01), id: 'all cpu', scope: { kind: 'all' }, measure: 'cpu', margin: 0.1 }, 'pass');
    expect(ruledOut([cpu])).toEqual(['CPU a request is at most 10% worse']);
    expect(ruledOut([{ ...cpu, advisory: 'a side is a URL' }])).toEqual([]);
    expect(ruledOut([{ ...cpu, verdict: 'inconclusive' }])).toEqual([]);
  });

  it('of an inconclusive one says what could still be', () => {
    expect(firstLine(openGate())).toBe(
      '❔ **inconclusive**: A regression was neither found nor ruled out: 1 of 4 metrics could not be told after 32 epochs, such as chat.conversations.list latency p50: +0.1% to +6.1%, margin 5%. Ruled out, each with 95% confidence: no operation of the 1 that passed (of 2) is more than 5% and 0.3 ms slower at p50; no operation is more than 10% and 0.3 ms slower at p95.',
    );
  });

  it('of an invalid one, and of one without a base, claims nothing', () => {
    const { decision: _, ...nothing } = makeGate({ verdict: { verdict: 'invalid', reasons: ['head: the process ended with code 1'] } });
    expect(firstLine(nothing)).toBe('⚠️ **invalid**: Nothing can be said of the change: head: the process ended with code 1');
    const noBase = {
      ...nothing,
      noBase: 'base: git:main has no server',
      verdict: { verdict: 'inconclusive' as const, reasons: ['base: git:main has no server'] },
    };
    expect(firstLine(noBase)).toBe('❔ **inconclusive**: No base to compare with, so nothing was compared: base: git:main has no server');
    for (const gate of [nothing, noBase]) expect(renderGateMarkdown(gate)).not.toMatch(/ruled out|no regression/i);
  });
});

describe('Markdown', () => {
  it('has the worst five first, then every metric folded, as a browser would see it', () => {
    const html = marked.parse(renderGateMarkdown(failedGate()), { async: false });
    const tables = html.split('<table>').slice(1);
    expect(tables).toHaveLength(2);
    expect(html.indexOf('<details>')).toBeGreaterThan(html.indexOf('<table>'));
    expect(html.indexOf('<details>')).toBeLessThan(html.lastIndexOf('<table>'));
    const cells = [...(tables[0] ?? '').matchAll(/<td[^>]*>(.*?)<\/td>/g)].map(([, text]) => text);
    expect(cells.slice(0, 7)).toEqual(['❌ fail', 'chat.conversations.list latency p50', '+10%', '+9.6% to +10.4%', '5%', '40 → 44.1 ms', '']);
    expect(html).toContain('<li>chat.conversations.list: in the hop store, own time 20 → 24.1 ms (+4.05 to +4.15 ms) of +4.09 ms at p50</li>');
    expect(html).toContain('no calibration on this machine');
  });

  it('orders failed, not told, accepted, then by change against margin', () => {
    const rows = summarise(failedGate()).rows.map(({ metric, state }) => `${state} ${metric.id}`);
    expect(rows).toEqual([
      'fail chat.conversations.list latency p50',
      'fail chat.conversations.list latency p95',
      'pass projects.read latency p95',
      'pass projects.read latency p50',
    ]);
    const open = openGate();
    // Closer to its margin than the one that could not be told.
    for (const metric of open.decision?.metrics ?? []) if (metric.id === 'projects.read latency p50') metric.change = 0.049;
    expect(summarise(open).rows.map(({ state }) => state)).toEqual(['inconclusive', 'pass', 'pass', 'pass']);
  });

  it('is cut to its limit, the worst kept, and says what is missing', () => {
    const gate = largeGate(12_000);
    const summary = renderGateMarkdown(gate);
    expect(bytes(summary)).toBeLessThanOrEqual(markdownLimits.summaryBytes);
    expect(bytes(summary)).toBeGreaterThan(markdownLimits.summaryBytes - 1_000);
    const comment = renderGateComment(gate);
    expect(bytes(comment)).toBeLessThanOrEqual(markdownLimits.commentBytes);
    expect(comment.startsWith(`${commentMarker}\n❌ **fail**`)).toBe(true);
    const rows = comment.split('<details>')[1]?.match(/^\| (?:❌|✅)/gm) ?? [];
    const missing = Number(/^(\d+) more metrics did not fit/m.exec(comment)?.[1]);
    expect(rows.length + missing).toBe(12_000);
    expect(rows.length).toBeGreaterThan(400);
    expect(comment).toContain('operation.11990 latency p50');
    expect(comment).toContain('and 1192 more reasons, in gate.json');
    expect(comment).toContain('and 1180 more, in gate.json');
    expect(renderGateMarkdown(largeGate(100))).not.toContain('did not fit');
  });

  it('keeps to its limit with names of any length', () => {
    const [metric] = largeGate(1).metrics;
    const gate = makeGate({ verdict: { verdict: 'fail', reasons: Array.from({ length: 500 }, () => 'x'.repeat(9_000)) } });
    if (metric && gate.decision)
      gate.decision.metrics = Array.from({ length: 300 }, () => judgement({ ...metric, id: `${'y'.repeat(9_000)} latency p50` }, 'fail'));
    expect(bytes(renderGateComment(gate))).toBeLessThanOrEqual(markdownLimits.commentBytes);
  });

  it('turns nothing of a name into mark-up, and mentions nobody', () => {
    const text = renderGateMarkdown(hostileGate());
    const html = marked.parse(text, { async: false });
    expect(html).not.toMatch(/<img|<code>|<a |<strong>b/);
    expect(text).not.toMatch(/@everyone/);
    for (const row of text.split('\n').filter((line) => line.startsWith('| ❌'))) expect(row.replaceAll('\\|', '').split('|')).toHaveLength(9);
  });
});

describe('terminal', () => {
  it('fits 100 columns, the verdict first, and lets no control character through', () => {
    const text = renderGateTerminal(failedGate(), { colour: false, width: 100 });
    const lines = text.split('\n');
    expect(lines[1]).toBe('FAIL  20261125-034000-crud-1a2b');
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    expect(text).toMatch(/ {2}FAIL {2}chat\.conversations\.list latency p50\s+\+10%\s+\+9\.6% to \+10\.4%\s+5%\s+40 → 44\.1 ms/);
    expect(text).toContain('  hop  chat.conversations.list: in the hop store');
    const evil = makeGate({ gateId: '\u001b[2Jx', verdict: { verdict: 'invalid', reasons: ['\u001b]0;y\u0007'] } });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(renderGateTerminal(evil, { colour: false, width: 100 })).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(renderGateTerminal(failedGate(), { colour: true, width: 100 })).toContain('\u001b[31m');
  });
});

describe('JUnit', () => {
  const casesOf = (gate: GateFile): [string, string, string][] =>
    parseXml(renderGateJUnit(gate)).children.flatMap(({ attributes: suite, children }) =>
      children.map((entry: XmlElement): [string, string, string] => [suite['name'] ?? '', entry.attributes['name'] ?? '', entry.children[0]?.name ?? 'passed']),
    );

  it('has fail as failure, and counts what there is', () => {
    const root = parseXml(renderGateJUnit(failedGate()));
    expect(root.attributes).toMatchObject({ tests: '5', failures: '3', errors: '0', skipped: '0', time: '184.000' });
    expect(casesOf(failedGate())).toEqual([
      ['gate', 'verdict', 'failure'],
      ['crud', 'chat.conversations.list latency p50', 'failure'],
      ['crud', 'chat.conversations.list latency p95', 'failure'],
      ['crud', 'projects.read latency p95', 'passed'],
      ['crud', 'projects.read latency p50', 'passed'],
    ]);
  });

  it('has inconclusive as skipped, and every case of an invalid gate as error', () => {
    expect(casesOf(openGate()).map(([, , kind]) => kind)).toEqual(['skipped', 'skipped', 'passed', 'passed', 'passed']);
    expect(casesOf(makeGate({ verdict: { verdict: 'invalid', reasons: ['x'] } })).map(([, , kind]) => kind)).toEqual(Array(5).fill('error'));
    expect(casesOf(makeGate()).map(([, , kind]) => kind)).toEqual(Array(5).fill('passed'));
  });

  it('has errors of operations and hard limits as cases', () => {
    const gate = makeGate({
      errors: [{ scenario: 'crud', operation: 'projects.read', base: [[0, 50]], head: [[3, 50]], newKinds: [{ kind: 'status 500', count: 3, byEpoch: [3] }] }],
      hardLimits: [
        {
          scenario: 'crud',
          objective: { metric: 'latency', latencyClass: 'crud', quantile: 0.95, max: 40 },
          text: 'p95(crud) <= 40ms',
          outcome: 'broken',
          base: 39,
          head: 44,
        },
      ],
    });
    if (gate.decision) gate.decision.errors = [{ scenario: 'crud', operation: 'projects.read', p: 0.1, pHolm: 0.2, verdict: 'fail' }];
    expect(casesOf(gate).slice(-2)).toEqual([
      ['crud', 'projects.read errors', 'failure'],
      ['crud', 'hard limit p95(crud) <= 40ms', 'failure'],
    ]);
    expect(renderGateJUnit(gate)).toContain('message="failed: base 0 of 50, head 3 of 50; new: 3 x status 500"');
  });
});

describe('annotations', () => {
  it('are one command a line: the verdict, then each failed metric', () => {
    const lines = renderGateAnnotations(failedGate());
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^::error title=plumbline gate%3A fail::chat\.conversations\.list is 10%25 slower/);
    expect(lines[2]).toBe(
      '::error title=plumbline gate::chat.conversations.list latency p95: +11%25 (+10.6%25 to +11.4%25), margin 10%25, 90 → 99.9 ms'.replace(
        ', 90 → 99.9 ms',
        '',
      ),
    );
    expect(renderGateAnnotations(makeGate())[0]).toMatch(/^::notice title=plumbline gate%3A pass::No regression/);
    expect(renderGateAnnotations(openGate())[0]).toMatch(/^::warning /);
  });

  it('cannot be ended or begun by a name, and are no more than GitHub shows', () => {
    for (const line of renderGateAnnotations(hostileGate())) expect(line).not.toMatch(/\n|\r/);
    const many = renderGateAnnotations(largeGate(1_000));
    expect(many.filter((line) => line.startsWith('::error title=plumbline gate::'))).toHaveLength(9);
    expect(many.at(-1)).toContain('and 92 more: see the job summary');
  });
});

describe('what was accepted', () => {
  const accepted = (upTo: number | undefined): GateFile => {
    const gate = failedGate();
    const applied = {
      scenario: 'crud',
      metricId: 'chat.conversations.list latency p50',
      reason: 'shows more',
      owner: 'web-team',
      expires: '2026-12-31',
      margin: 0.05,
    };
    for (const metric of gate.decision?.metrics ?? []) {
      if (!metric.id.startsWith('chat.')) continue;
      if (upTo === undefined) metric.advisory = 'accepted until 2026-12-31 by web-team: shows more';
      else Object.assign(metric, { margin: upTo, verdict: metric.change < upTo ? 'pass' : 'fail' });
    }
    const both = [applied, { ...applied, metricId: 'chat.conversations.list latency p95', margin: 0.1 }];
    return {
      ...gate,
      acceptance: {
        file: 'accept.yaml',
        applied: both.map((one) => (upTo === undefined ? one : { ...one, upTo })),
        expired: ['x latency: expired on 2026-01-01'],
        unused: [],
      },
    };
  };

  it.each([undefined, 0.15])('is said everywhere, with its change, owner and reason (up to %s)', (upTo) => {
    const gate = { ...accepted(upTo), verdict: { verdict: 'pass' as const, reasons: [] } };
    expect(summarise(gate).rows.map(({ state }) => state)).toEqual(['accepted', 'accepted', 'pass', 'pass']);
    const text = renderGateMarkdown(gate);
    expect(text).toMatch(
      /- accepted: chat\.conversations\.list latency p50 is 10% slower at p50 \(\+9\.6% to \+10\.4%\); accepted.* until 2026-12-31 by web-team: shows more/,
    );
    expect(text).toContain('acceptance expired, does not count: x latency: expired on 2026-01-01');
    expect(renderGateTerminal(gate, { colour: false, width: 200 })).toContain('accepted: chat.conversations.list latency p50');
    expect(renderGateAnnotations(gate).filter((line) => line.startsWith('::warning'))).toHaveLength(3);
    expect(renderGateJUnit(gate)).toMatch(/<testcase classname="crud" name="chat.conversations.list latency p50" [^>]*><skipped message="accepted/);
  });

  it('fails beyond what is accepted, and says when it is not needed', () => {
    expect(summarise(accepted(0.07)).rows[0]).toMatchObject({
      state: 'fail',
      remark: 'not within what is accepted, up to 7% until 2026-12-31 by web-team: shows more',
    });
    const quiet = { ...makeGate(), acceptance: accepted(0.15).acceptance ?? { file: '', applied: [], expired: [], unused: [] } };
    expect(summarise(quiet).rows.every(({ state }) => state === 'pass')).toBe(true);
    expect(renderGateMarkdown(quiet)).toContain('acceptance not needed: chat.conversations.list latency p50 is within its margin');
  });
});

describe('files', () => {
  it('lie beside gate.json, and the summary of a step of GitHub Actions is added to', async () => {
    const folder = await emptyFolder();
    try {
      const gate = failedGate();
      await writeGateReports(folder.path, gate);
      const read = (name: string): Promise<string> => readFile(join(folder.path, name), 'utf8');
      expect(await read('report.md')).toBe(renderGateMarkdown(gate));
      expect(await read('comment.md')).toBe(renderGateComment(gate));
      expect(await read('junit.xml')).toBe(renderGateJUnit(gate));
      expect(await read('metrics.txt')).toMatch(/^# HELP plumbline_gate_verdict /);
      const githubStepSummary = join(folder.path, 'summary.md');
      await writeFile(githubStepSummary, 'before\n');
      expect(await tellGitHub(gate, { githubActions: true, githubStepSummary })).toEqual(renderGateAnnotations(gate));
      expect(await read('summary.md')).toBe(`before\n${renderGateMarkdown(gate)}\n`);
      expect(await tellGitHub(gate, { githubActions: false, githubStepSummary })).toEqual([]);
      expect(await read('summary.md')).toBe(`before\n${renderGateMarkdown(gate)}\n`);
    } finally {
      await folder.remove();
    }
  });
});
