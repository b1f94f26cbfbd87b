import { judgeLeg } from '../../judge/verdict.ts';
import type { LegResult, RunFile, Verdict } from '../../results/run-file.ts';
import { escape } from '../escape.ts';
import { bytes, ms, number } from '../format.ts';
import { telemetryText } from './traces.ts';

const means: Readonly<Record<Verdict, string>> = {
  pass: 'The load was delivered and every judged objective was met.',
  fail: 'The load was delivered; at least one objective was missed.',
  inconclusive: 'The load was delivered, but too little was measured to say pass or fail.',
  invalid: 'The load was not delivered as planned, so that the numbers do not speak of the server. An invalid run never passes.',
};

export const verdictSign: Readonly<Record<Verdict, string>> = { pass: '✓', fail: '✕', inconclusive: '?', invalid: '!' };
const reasonsShown = 10;

export function verdictPill(verdict: Verdict): string {
  return `<span class="pill tone-${verdict}">${verdictSign[verdict]} ${verdict}</span>`;
}

export function legVerdict(leg: LegResult): Verdict {
  return judgeLeg(leg).verdict;
}

/** The verdict and its reasons, before anything else. */
export function verdictCard({ verdict: { verdict, reasons } }: RunFile): string {
  const item = (reason: string): string => {
    const kind = /^(?:\S+: )?(fail|inconclusive)\b/.exec(reason)?.[1] ?? (verdict === 'invalid' ? 'invalid' : '');
    return `<li class="${kind}">${escape(reason)}</li>`;
  };
  const rest = reasons.slice(reasonsShown);
  const more = rest.length === 0 ? '' : `<details><summary>${rest.length} more</summary><ul>${rest.map(item).join('')}</ul></details>`;
  return `<div class="card verdict tone-${verdict}" id="verdict"><p class="word">${verdictSign[verdict]} ${verdict}</p><p class="means">${means[verdict]}</p><ul>${reasons.slice(0, reasonsShown).map(item).join('')}</ul>${more}</div>`;
}

/** What was run, on what, with what. */
export function factsList(run: RunFile): string {
  const { target, machine, server } = run;
  const profile = target.profile
    ? `${target.profile.name}, seed ${target.profile.seed}, ${target.profile.hash.slice(0, 12)}`
    : 'not available: the server does not tell';
  const facts: [string, string][] = [
    ['Target', `${target.url} (${target.kind}, ${target.protocol})`],
    ['Latency profile', profile],
    ['Seed', String(run.seed)],
    ['Started', run.startedAt],
    ['Duration', `${number(run.durationMs / 1_000)} s${run.interrupted ? ', interrupted' : ''}`],
    ['Machine', `${machine.cpu}, ${machine.cores} cores, ${number(machine.memoryBytes / 2 ** 30)} GiB`],
    ['System', `${machine.os}, Node ${machine.node}`],
    ['Tools', [`plumbline ${run.plumbline}`, ...Object.entries(run.tools).map(([name, version]) => `${name} ${version}`)].join(', ')],
    ...(server
      ? ([
          ['Server, loop delay', `p50 ${ms(server.loopDelay.p50Ms)}, p99 ${ms(server.loopDelay.p99Ms)}, max ${ms(server.loopDelay.maxMs)}`],
          ['Server, resources', `${bytes(server.rssBytes)} resident, ${number(server.cpuMs / 1_000)} s of CPU, ${number(server.overruns)} overruns`],
          [
            'Server, streams',
            `${number(server.streams.opened)} opened, ${number(server.streams.completed)} completed, ${number(server.streams.aborted)} aborted`,
          ],
        ] satisfies [string, string][])
      : ([['Server', `its own account is not available: ${target.profile ? 'it did not tell' : 'no control port'}`]] satisfies [string, string][])),
    ...(run.telemetry ? ([['Traces', [telemetryText(run.telemetry), ...run.telemetry.notes].join('; ')]] satisfies [string, string][]) : []),
    ...(run.notes ?? []).map((note): [string, string] => ['Note', note]),
  ];
  return `<dl class="facts card">${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${escape(value)}</dd></div>`).join('')}</dl>`;
}
