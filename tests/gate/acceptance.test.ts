import { describe, expect, it } from 'vitest';
import { applyAcceptance, parseAcceptance } from '../../harness/gate/acceptance.ts';
import { UsageError } from '../../harness/usage-error.ts';
import { metricEpochs } from './gate-fixture.ts';

const entry = `
  - operation: chat.conversations.list
    metric: latency p95
    upTo: 15%
    reason: every row now has its last message
    owner: web-team
    expiry: 2026-12-31`;

function refusal(text: string): string[] {
  try {
    parseAcceptance(text, 'accept.yaml');
  } catch (error) {
    if (error instanceof UsageError && error.code === 'bad_acceptance') return error.message.split('\n');
    throw error;
  }
  throw new Error('it was not refused');
}

describe('the acceptance file', () => {
  it('is read', () => {
    expect(
      parseAcceptance(
        `accept:${entry}\n  - {operation: class crud, metric: latency, scenario: crud, reason: r, owner: o, expiry: 2027-02-28, upTo: 0.07}`,
        'a',
      ),
    ).toEqual([
      {
        operation: 'chat.conversations.list',
        measure: 'latency',
        quantile: 0.95,
        reason: 'every row now has its last message',
        owner: 'web-team',
        expiry: '2026-12-31',
        upTo: 0.15,
      },
      { operation: 'class crud', measure: 'latency', scenario: 'crud', reason: 'r', owner: 'o', expiry: '2027-02-28', upTo: 0.07 },
    ]);
    expect(parseAcceptance('accept: []', 'a')).toEqual([]);
  });

  it('is refused with every fault, each with its path', () => {
    expect(
      refusal(
        'accept:\n  - {operation: a, metric: latancy p95, reason: "", owner: o, expiry: 2026-02-30, upto: 5%}\n  - 5\n  - {operation: a, metric: latency, reason: r, owner: o, expiry: tomorrow, upTo: 15}\nacept: 1',
      ),
    ).toEqual([
      'accept.yaml has 8 faults:',
      '  /accept/0/upto: unknown, expected one of operation, metric, scenario, reason, owner, expiry, upTo; did you mean upTo?',
      '  /accept/0/reason: given "", expected text',
      '  /accept/0/metric: given "latancy p95", expected one of latency, ttft, tpot, maxGap, streamTotal, milestone, cpu, throughput, with a quantile or without: latency p95; did you mean latency?',
      '  /accept/0/expiry: given "2026-02-30", expected a day such as 2026-12-31',
      '  /accept/1: expected operation, metric, reason, owner and expiry',
      '  /accept/2/expiry: given "tomorrow", expected a day such as 2026-12-31',
      '  /accept/2/upTo: given 15, expected the largest change, such as 15% or 0.15',
      '  /acept: unknown, expected "accept"; did you mean accept?',
    ]);
    expect(refusal('accept: 5')[1]).toContain('expected a list under "accept"');
    expect(refusal('')[1]).toContain('expected a list under "accept"');
    expect(refusal('accept: [')[0]).toBe('accept.yaml has 1 fault:');
    expect(refusal(`accept:${entry}${entry}`)[1]).toBe('  /accept/1: says the same as /accept/0: chat.conversations.list latency p95; leave one away');
  });
});

describe('applyAcceptance', () => {
  const metrics = [
    metricEpochs('chat.conversations.list latency p50', 0.2),
    metricEpochs('chat.conversations.list latency p95', 0.2),
    metricEpochs('class crud latency p99', 0),
  ];
  const apply = (text: string, today = '2026-11-25') => applyAcceptance(metrics, parseAcceptance(`accept:${text}`, 'a'), today);

  it('widens the margin of the one metric up to its change', () => {
    const { metrics: accepted, applied, expired, unused } = apply(entry);
    expect(accepted.map(({ margin, advisory }) => [margin, advisory])).toEqual([
      [0.05, undefined],
      [0.15, undefined],
      [metrics[2]?.margin, undefined],
    ]);
    expect(applied).toEqual([
      {
        scenario: 'crud',
        metricId: 'chat.conversations.list latency p95',
        reason: 'every row now has its last message',
        owner: 'web-team',
        expires: '2026-12-31',
        upTo: 0.15,
        margin: 0.1,
      },
    ]);
    expect([expired, unused]).toEqual([[], []]);
  });

  it('without a largest change makes every quantile advisory, with its reason', () => {
    const { metrics: accepted } = apply('\n  - {operation: chat.conversations.list, metric: latency, reason: r, owner: o, expiry: 2026-12-31}');
    expect(accepted.map(({ margin, advisory }) => [margin, advisory])).toEqual([
      [0.05, 'accepted until 2026-12-31 by o: r'],
      [0.1, 'accepted until 2026-12-31 by o: r'],
      [metrics[2]?.margin, undefined],
    ]);
  });

  it('never narrows a margin', () => {
    expect(apply(entry.replace('15%', '1%')).metrics[1]?.margin).toBe(0.1);
  });

  it('counts to the end of its day, and is said when it has expired', () => {
    expect(apply(entry, '2026-12-31').applied).toHaveLength(1);
    const late = apply(entry, '2027-01-01');
    expect(late.metrics).toEqual(metrics);
    expect(late.applied).toEqual([]);
    expect(late.expired).toEqual(['chat.conversations.list latency p95: expired on 2026-12-31 (web-team: every row now has its last message)']);
  });

  it('says what no metric fits, and keeps to its scenario', () => {
    const other = apply(
      '\n  - {operation: chat.conversation.list, metric: latency, reason: r, owner: o, expiry: 2026-12-31}\n  - {operation: class crud, metric: latency, scenario: sse, reason: r, owner: o, expiry: 2026-12-31}',
    );
    expect(other.metrics).toEqual(metrics);
    expect(other.unused).toEqual([
      'chat.conversation.list latency: this gate has no such metric; did you mean chat.conversations.list?',
      'sse: class crud latency: this gate has no such metric',
    ]);
  });
});
