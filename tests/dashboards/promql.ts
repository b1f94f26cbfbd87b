/** What a PromQL expression names, by Prometheus' own grammar. */
import type { SyntaxNode, Tree } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

export interface Matcher {
  label: string;
  op: '=' | '!=' | '=~' | '!~';
  value: string;
}

export interface Selector {
  metric: string;
  matchers: Matcher[];
}

export interface ExpressionNames {
  selectors: Selector[];
  /** Labels of `by`, `without`, `on`, `ignoring`, `group_left`, `group_right`, with the selectors below that place. */
  grouped: { label: string; selectors: Selector[] }[];
  /** Texts that are no PromQL. */
  errors: string[];
}

/** @param expr with nothing left to replace */
export function namesIn(expr: string): ExpressionNames {
  const tree: Tree = parser.parse(expr);
  const names: ExpressionNames = { selectors: [], grouped: [], errors: [] };
  tree.iterate({
    enter: (ref) => {
      if (ref.type.isError) names.errors.push(`at ${ref.from}: ${expr.slice(Math.max(0, ref.from - 20), ref.to + 20)}`);
      if (ref.name === 'VectorSelector') names.selectors.push(selectorOf(ref.node, expr));
      if (ref.name === 'GroupingLabels') {
        const selectors = below(ref.node.parent?.parent ?? ref.node).map((node) => selectorOf(node, expr));
        for (const label of ref.node.getChildren('LabelName')) names.grouped.push({ label: textOf(label, expr), selectors });
      }
    },
  });
  return names;
}

function below(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  node.cursor().iterate((ref) => {
    if (ref.from < node.from || ref.to > node.to) return;
    if (ref.name === 'VectorSelector') found.push(ref.node);
  });
  return found;
}

function selectorOf(node: SyntaxNode, expr: string): Selector {
  const name = node.getChild('Identifier');
  const matchers = (node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []).map((each): Matcher => {
    const [label, op, value] = ['LabelName', 'MatchOp', 'StringLiteral'].map((part) => {
      const child = each.getChild(part);
      return child ? textOf(child, expr) : '';
    });
    return { label: label ?? '', op: (op ?? '=') as Matcher['op'], value: unquoted(value ?? '') };
  });
  return { metric: name ? textOf(name, expr) : (matchers.find(({ label }) => label === '__name__')?.value ?? ''), matchers };
}

function textOf({ from, to }: SyntaxNode, expr: string): string {
  return expr.slice(from, to);
}

function unquoted(literal: string): string {
  return literal.slice(1, -1).replace(/\\(.)/g, '$1');
}

/** Whether a series whose label has this value is selected; a label that it does not have is the empty text. */
export function matches({ op, value }: Matcher, given: string): boolean {
  const same = op === '=' || op === '!=' ? given === value : new RegExp(`^(?:${value})$`).test(given);
  return op === '=' || op === '=~' ? same : !same;
}
