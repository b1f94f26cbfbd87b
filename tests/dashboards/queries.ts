/** Every query that the boards and the rules have, with nothing left to replace. */
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Board, Target } from '../../harness/dash/board/board.ts';
import { panelsOf } from '../../harness/dash/board/board.ts';
import { annotationQuery, annotationsOf, foreignTargets, panelQueries } from '../../harness/dash/board/panel-queries.ts';
import { resolveVariables } from '../../harness/dash/board/variables.ts';

export interface NamedQuery {
  where: string;
  expr: string;
}

const range = { fromMs: 1_700_000_000_000, toMs: 1_700_000_900_000 };

async function contextOf(board: Board) {
  const variables = await resolveVariables(board.variables, {
    ...{ wanted: {}, range, scrapeMs: 1_000, dataSources: [{ uid: 'prometheus', name: 'Prometheus', type: 'prometheus' }] },
    ask: async ({ kind }) => (kind === 'query' ? [{ labels: {}, value: '20', atSeconds: 1 }] : ['any']),
  });
  return { variables, range, scrapeMs: 1_000, points: 500 };
}

/** Of panels, annotations and variables; those of variables as PromQL that has the same names in it. */
export async function queriesOf(board: Board): Promise<NamedQuery[]> {
  const context = await contextOf(board);
  return [
    ...panelsOf(board).flatMap((panel) => panelQueries(panel, context).map(({ refId, expr }) => ({ where: `${board.uid} / ${panel.title} / ${refId}`, expr }))),
    ...annotationsOf(board).map((annotation) => ({
      where: `${board.uid}, annotation ${annotation.name}`,
      expr: annotationQuery(annotation, context).expr,
    })),
    ...context.variables.flatMap(({ name, question }) => {
      const where = `${board.uid}, variable ${name}`;
      if (question?.kind === 'labelValues') return [{ where, expr: `group by (${question.label}) (${question.match ?? ''})` }];
      return question?.kind === 'query' ? [{ where, expr: question.expr }] : [];
    }),
  ];
}

export async function tempoTargetsOf(board: Board): Promise<{ where: string; target: Target }[]> {
  const context = await contextOf(board);
  return panelsOf(board).flatMap((panel) =>
    foreignTargets(panel, context).map((target) => ({ where: `${board.uid} / ${panel.title} / ${target.refId}`, target })),
  );
}

export interface Rule {
  record?: string;
  alert?: string;
  expr: string;
  labels?: Record<string, string>;
}

const rulesFolder = new URL('../../prometheus/rules/', import.meta.url);

export function committedRules(): (Rule & { where: string })[] {
  return readdirSync(rulesFolder)
    .sort()
    .flatMap((file) => {
      const { groups } = parse(readFileSync(new URL(file, rulesFolder), 'utf8')) as { groups: { name: string; rules: Rule[] }[] };
      return groups.flatMap(({ name, rules }) => rules.map((rule) => ({ ...rule, where: `${file} / ${name} / ${rule.record ?? rule.alert}` })));
    });
}
