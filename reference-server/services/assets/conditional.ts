import type { Exchange, Reply } from '../../exchange.ts';
import type { Representation, Representations } from './representation.ts';

type Header = string | string[] | undefined;

function joined(header: Header): string {
  return Array.isArray(header) ? header.join(', ') : (header ?? '');
}

/** Brotli where it is accepted and there is one. */
export function chosen(representations: Representations, acceptEncoding: Header): Representation {
  const accepted = joined(acceptEncoding)
    .split(',')
    .some((part) => {
      const [coding = '', ...parameters] = part
        .trim()
        .toLowerCase()
        .split(/\s*;\s*/);
      return coding === 'br' && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    });
  return (accepted ? representations.brotli : undefined) ?? representations.plain;
}

/** Whether `If-None-Match` names this tag: by the weak comparison, as RFC 9110 has it. */
export function matches(ifNoneMatch: Header, etag: string): boolean {
  const given = joined(ifNoneMatch);
  if (given.trim() === '*') return true;
  return given.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}

/** 200 with the bytes, or 304 without when the client has them. */
export function conditional(exchange: Exchange, representations: Representations, headers: Record<string, string>): Reply {
  const representation = chosen(representations, exchange.headers['accept-encoding']);
  const all: Record<string, string> = { ...headers, etag: representation.etag };
  if (representations.brotli) all['vary'] = 'accept-encoding';
  if (matches(exchange.headers['if-none-match'], representation.etag)) {
    delete all['content-type'];
    return { status: 304, headers: all };
  }
  if (representation.encoding) all['content-encoding'] = representation.encoding;
  return { status: 200, headers: all, bytes: representation.bytes };
}
