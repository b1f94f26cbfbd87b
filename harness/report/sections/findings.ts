import type { CellFindings, Findings } from '../../results/findings.ts';
import { lossChart } from '../charts/loss.ts';
import { lostMessageChart } from '../charts/lost-message.ts';
import { visibilityChart } from '../charts/visibility.ts';
import { escape, uniqueSlugs } from '../escape.ts';
import { costLine, costText, lossText, lostTexts, orderText, pairText, readsText, shareText, visibilityText, windowText } from '../findings-text.ts';
import { ms, number } from '../format.ts';
import { type Cell, figureCell, table } from '../table.ts';
import type { ReportTraces } from '../trace-links.ts';

const names: Readonly<Record<Findings['study'], string>> = {
  consistency: 'How soon are writes seen?',
  resubmit: 'What becomes of a message when its user comes back too soon?',
  retry: 'What becomes of a message that is sent twice?',
};

/** What a study found: the remedies' table, a cell after the other with its charts, and the story of one lost message. */
export function findingsSection(findings: Findings, traces: ReportTraces): string {
  const slugs = uniqueSlugs(findings.cells.map(({ name }) => name));
  const cells = findings.cells.map((cell, index) => cellSection(cell, findings, slugs[index] ?? '')).join('');
  const story = findings.lostMessage ? `<h3>One lost message</h3>${lostMessageChart('chart-lost-message', findings.lostMessage, traces)}` : '';
  const decided = `<p class="dim">Decided from the recorded history alone (${escape(findings.history)}): what was sent, when it was acknowledged, and what reads showed. ${escape(windowText(findings))}.</p>`;
  return `<section id="findings"><div class="head"><h2>${names[findings.study]}</h2></div>${decided}${remediesTable(findings)}${story}${cells}</section>`;
}

function remediesTable({ study, cells }: Findings): string {
  const rows = cells.map((cell): Cell[] => [
    { html: `<b>${escape(cell.name)}</b><small>${escape(cell.text)}</small>`, kind: 'left' },
    lossCell(cell.lost, cell),
    cell.lostAnswers ? lossCell(cell.lostAnswers, cell) : { html: '<span class="faint">–</span>' },
    lossCell(cell.duplicates, cell),
    ...(study === 'consistency' ? [figureCell(cell.stale.count, `${number(cell.stale.count)} of ${number(cell.stale.n)}`)] : []),
    ...(['submit', 'read'] as const).flatMap((kind) => (['p50', 'p95'] as const).map((quantile) => costCell(cell, kind, quantile))),
    {
      html:
        cell.asExpected === undefined
          ? `<span class="faint">${cell.undecidedSince ? escape(cell.undecidedSince.join('; ')) : '–'}</span>`
          : cell.asExpected
            ? '<span class="good">✓ as expected</span>'
            : `<span class="bad">✕ ${escape(cell.reasons.at(-1) ?? '')}</span>`,
      kind: 'wrap',
    },
  ]);
  const stale = study === 'consistency' ? ['stale reads'] : [];
  const heads = ['lost', 'answers lost', 'there twice', ...stale, 'submit p50', 'submit p95', 'read p50', 'read p95'].map((head) => ({ head }));
  const caption =
    study === 'consistency'
      ? ''
      : `<p class="dim below">Lost: ${study === 'resubmit' ? 'of users who sent a second message, their first one' : 'of acknowledged messages'}; twice: of messages; with exact 95% intervals ("at most" is what 0 still allows). Submit: until the acknowledgement; read: until the answer; milliseconds, below them against the first row, over the requests that both made, with a 95% interval. Cells run one after another: what else the machine did meanwhile is in the difference, too.</p>`;
  return `<h3>${cells.length > 1 ? 'Remedies, and what they cost' : 'In figures'}</h3>${table([{ head: 'cell', left: true }, ...heads, { head: 'as expected', left: true }], rows)}${caption}`;
}

function lossCell(share: CellFindings['lost'], { asExpected }: CellFindings): Cell {
  const [of = '', rest = ''] = shareText(share).split(/ (?=\()/);
  const tone = share.count > 0 && asExpected !== true ? 'bad' : share.count > 0 ? 'warn' : '';
  return { html: `<span class="${tone}">${escape(of)}</span><small>${escape(rest.replace(/[()]/g, ''))}</small>`, value: share.share };
}

function costCell({ cost, ...cell }: CellFindings, kind: 'submit' | 'read', quantile: 'p50' | 'p95'): Cell {
  const value = cell[kind]?.[`${quantile}Ms`];
  if (value === undefined) return { html: '<span class="faint">–</span>' };
  const difference = cost?.[kind][quantile];
  return { html: `${number(value)}${difference ? `<small>${escape(costText(difference))}</small>` : ''}`, value };
}

function cellSection(cell: CellFindings, { study }: Findings, slug: string): string {
  const facts = [
    ...(study === 'resubmit' ? lostTexts(cell) : []),
    ...cell.loss.map(lossText),
    ...(cell.pairs ?? []).map(pairText),
    ...(cell.visibility ?? []).map(visibilityText),
    ...(cell.order ? [orderText(cell.order)] : []),
    ...(study === 'consistency' ? [readsText(cell)] : []),
    ...(cell.ownLoad ? [`own load: ${cell.ownLoad.text}`] : []),
    ...(study === 'retry' ? [`answered as a repeat of an earlier request: ${number(cell.replayed)}`] : []),
    ...(cell.refused > 0
      ? [`refused as stale (409): ${number(cell.refused)}; the user read again and sent it behind the leaf that the refusal named, so it is not lost`]
      : []),
    ...(cell.undecided > 0 ? [`undecided: ${number(cell.undecided)} acknowledged messages without a final read`] : []),
    ...(cell.server ? [`the server's own count: ${number(cell.server.acknowledged)} acknowledged, ${number(cell.server.replaced)} replaced`] : []),
    ...(cell.submit && cell.read
      ? [`submit p50 ${ms(cell.submit.p50Ms)} (n ${number(cell.submit.n)}), read p50 ${ms(cell.read.p50Ms)} (n ${number(cell.read.n)})`]
      : []),
    ...costLine(cell),
  ];
  const charts = [
    ...(cell.visibility ? [visibilityChart(`chart-visibility-${slug}`, cell.visibility)] : []),
    ...cell.loss.map((loss) => lossChart(`chart-loss-${slug}-${loss.variant}`, loss)),
  ];
  return `<h3>${escape(cell.name)}: ${escape(cell.text)}</h3><ul class="findings">${facts.map((fact) => `<li>${escape(fact)}</li>`).join('')}</ul><div class="two">${charts.join('')}</div>`;
}
