import { serviceNamespace } from '../../../scenarios/names.ts';
import type { AttributeValue, FlatSpan } from '../../telemetry/flat-span.ts';

/** `{ a = "b" && c > 1s }`: a test of one span. Undefined: TraceQL of more than this, which needs a Tempo. */
export function spanTest(query: string): ((span: FlatSpan) => boolean) | undefined {
  const inner = /^\s*\{(.*)\}\s*$/s.exec(query)?.[1]?.trim();
  if (inner === undefined || /[{}]/.test(inner.replace(/"(?:[^"\\]|\\.)*"|`[^`]*`/g, ''))) return undefined;
  if (inner === '' || inner === 'true') return () => true;
  const tests: ((span: FlatSpan) => boolean)[] = [];
  for (const part of partsOf(inner)) {
    const test = comparison(part);
    if (!test) return undefined;
    tests.push(test);
  }
  return (span) => tests.every((test) => test(span));
}

/** Divided at `&&`, those between quotation marks left alone. */
function partsOf(text: string): string[] {
  return text.split(/&&(?=(?:[^"]*"[^"]*")*[^"]*$)/).map((part) => part.trim());
}

const durations: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

function comparison(text: string): ((span: FlatSpan) => boolean) | undefined {
  const parsed = /^([\w.:-]+|\.[\w.-]+)\s*(=~|!~|!=|>=|<=|=|>|<)\s*(.+)$/s.exec(text);
  if (!parsed) return undefined;
  const [, name = '', operator = '', given = ''] = parsed;
  const wanted = literal(given.trim());
  if (wanted === undefined) return undefined;
  const read = reader(name);
  if (!read) return undefined;
  const pattern = operator.includes('~') ? patternOf(String(wanted)) : undefined;
  if (operator.includes('~') && !pattern) return undefined;
  return (span) => {
    const value = read(span);
    if (value === undefined) return false;
    switch (operator) {
      case '=':
        return value === wanted;
      case '!=':
        return value !== wanted;
      case '=~':
        return pattern?.test(String(value)) ?? false;
      case '!~':
        return !(pattern?.test(String(value)) ?? true);
      case '>':
        return value > wanted;
      case '>=':
        return value >= wanted;
      case '<':
        return value < wanted;
      default:
        return value <= wanted;
    }
  };
}

function patternOf(text: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${text})$`);
  } catch {
    return undefined;
  }
}

/** Text, number, truth, duration (in milliseconds), or the name of a status or kind. */
function literal(text: string): string | number | boolean | undefined {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/s.exec(text) ?? /^`([^`]*)`$/s.exec(text);
  if (quoted) return (quoted[1] ?? '').replace(/\\(["\\])/g, '$1');
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return Number(text);
  const duration = /^(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)$/.exec(text);
  if (duration) return Number(duration[1]) * (durations[duration[2] ?? ''] ?? 1);
  if (text === 'true' || text === 'false') return text === 'true';
  return /^(?:error|ok|unset|server|client|internal|producer|consumer)$/.test(text) ? text : undefined;
}

function reader(name: string): ((span: FlatSpan) => string | number | boolean | undefined) | undefined {
  const plain = (value: AttributeValue | undefined): string | number | boolean | undefined => (typeof value === 'object' ? undefined : value);
  switch (name) {
    case 'name':
    case 'span:name':
      return (span) => span.name;
    case 'duration':
    case 'span:duration':
      return (span) => span.endMs - span.startMs;
    case 'status':
    case 'span:status':
      return (span) => span.status ?? 'unset';
    case 'kind':
    case 'span:kind':
      return (span) => span.kind;
    case 'resource.service.name':
    case '.service.name':
      return (span) => span.service;
    case 'resource.service.namespace':
      // Spans as we keep them have no more of their resource than the service; ours tell their namespace by their name.
      return (span) => (span.service.startsWith(`${serviceNamespace}-`) ? serviceNamespace : undefined);
    default: {
      const attribute = /^(?:span)?\.([\w.-]+)$/.exec(name)?.[1];
      return attribute === undefined ? undefined : (span) => plain(span.attributes[attribute]);
    }
  }
}
