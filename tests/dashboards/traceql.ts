import { parser } from '@grafana/lezer-traceql';

export interface TraceNames {
  /** As written: `span.plumbline.run`, `resource.service.name`. */
  attributes: string[];
  errors: string[];
}

/** What a TraceQL query names, by Grafana's own grammar. */
export function traceNamesIn(query: string): TraceNames {
  const names: TraceNames = { attributes: [], errors: [] };
  parser.parse(query).iterate({
    enter: ({ type, name, from, to }) => {
      if (type.isError) names.errors.push(`at ${from}: ${query.slice(Math.max(0, from - 20), to + 20)}`);
      if (name === 'AttributeField') names.attributes.push(query.slice(from, to));
    },
  });
  return names;
}
