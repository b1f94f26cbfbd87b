import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ResponseParser } from '../../harness/drive/native/h1-parser.ts';
import { encodeRequest } from '../../harness/drive/native/h1-request.ts';
import type { WireHeaders } from '../../harness/drive/native/wire.ts';

interface Parsed {
  head: WireHeaders | undefined;
  body: string;
  ends: number;
  keepAlive: boolean;
  idleTimeoutMs: number | undefined;
  closedCleanly: boolean;
}

function parse(pieces: readonly (string | Buffer)[], method = 'GET'): Parsed {
  let head: WireHeaders | undefined;
  const body: Buffer[] = [];
  let ends = 0;
  const parser = new ResponseParser({
    onHead: (seen) => {
      head = seen;
    },
    onBody: (bytes) => body.push(Buffer.from(bytes)),
    onMessageEnd: () => {
      ends += 1;
    },
  });
  parser.expect(method);
  for (const piece of pieces) parser.push(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
  const { keepAlive, idleTimeoutMs } = parser;
  return { head, ends, keepAlive, idleTimeoutMs, closedCleanly: ends === 1 || parser.finish(), body: Buffer.concat(body).toString('latin1') };
}

const withLength = 'HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX-A: 1\r\nx-a:2 \r\nSet-Cookie: a=1, b\r\nset-cookie: c=2\r\n\r\nhello world';
const chunked =
  'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nKeep-Alive: timeout=7\r\n\r\n5\r\nhello\r\n1;ext="x"\r\n \r\n00000A\r\nworld\r\n!\r\n\r\n0\r\nX-Trailer: 1\r\n\r\n';

describe('HTTP/1.1 responses', () => {
  it('a body by length', () => {
    expect(parse([withLength])).toEqual({
      head: { status: 200, headers: { 'content-length': '11', 'x-a': '1, 2' }, setCookie: ['a=1, b', 'c=2'] },
      body: 'hello world',
      ends: 1,
      keepAlive: true,
      idleTimeoutMs: undefined,
      closedCleanly: true,
    });
  });

  it('a chunked body with extensions and trailers', () => {
    expect(parse([chunked])).toMatchObject({ head: { status: 201 }, body: 'hello world\r\n!\r\n', ends: 1, keepAlive: true, idleTimeoutMs: 7_000 });
  });

  it('however it is cut', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(withLength, chunked, `HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${chunked}`),
        fc.array(fc.nat({ max: 200 }), { maxLength: 20 }),
        fc.boolean(),
        (text, cuts, byBytes) => {
          const bytes = Buffer.from(text, 'latin1');
          const points = byBytes
            ? Array.from({ length: bytes.length + 1 }, (_, i) => i)
            : [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
          const { idleTimeoutMs: _, ...whole } = parse([text]);
          expect(parse(points.slice(1).map((end, i) => bytes.subarray(points[i], end)))).toMatchObject(whole);
        },
      ),
    );
  });

  it('without length or chunks the close ends it, and a close before the end does not', () => {
    const open = parse(['HTTP/1.1 200 OK\r\n\r\nabc', 'def']);
    expect(open).toMatchObject({ body: 'abcdef', ends: 0, keepAlive: false, closedCleanly: true });
    expect(parse([withLength.slice(0, -1)])).toMatchObject({ ends: 0, closedCleanly: false });
    expect(parse([chunked.slice(0, -2)])).toMatchObject({ ends: 0, closedCleanly: false });
    expect(parse(['HTTP/1.1 200 OK\r\ncont'])).toMatchObject({ head: undefined, ends: 0, closedCleanly: false });
  });

  it('no body to HEAD, in 204 and in 304, whatever the headers say; an empty body ends at once', () => {
    expect(parse(['HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n'], 'HEAD').ends).toBe(1);
    expect(parse(['HTTP/1.1 204 No Content\r\n\r\n']).ends).toBe(1);
    expect(parse(['HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n']).ends).toBe(1);
    expect(parse(['HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n']).ends).toBe(1);
    expect(parse(['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n']).ends).toBe(1);
    expect(parse(['HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n']).ends).toBe(1);
  });

  it('knows when the connection cannot go on', () => {
    const keep = (lines: string, version = '1.1'): boolean => parse([`HTTP/${version} 200 OK\r\n${lines}content-length: 0\r\n\r\n`]).keepAlive;
    expect(keep('')).toBe(true);
    expect(keep('Connection: Close\r\n')).toBe(false);
    expect(keep('connection: keep-alive\r\n')).toBe(true);
    expect(keep('', '1.0')).toBe(false);
    expect(keep('connection: keep-alive\r\n', '1.0')).toBe(true);
    expect(parse(['HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'])).toMatchObject({
      keepAlive: false,
      ends: 1,
      body: '',
    });
  });

  it.each([
    ['SSH-2.0-OpenSSH\r\n\r\n', /does not begin as HTTP/],
    ['HTTP/2 200 OK\r\n\r\n', /does not begin as HTTP/],
    ['HTTP/1.1 200 OK\r\nno colon\r\n\r\n', /no name/],
    ['HTTP/1.1 200 OK\r\nname : x\r\n\r\n', /no name/],
    ['HTTP/1.1 200 OK\r\ncontent-length: 3, 4\r\n\r\n', /content-length is not one number/],
    ['HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n', /content-length is not one number/],
    ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n', /size of a chunk/],
    ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\r\n', /no size/],
    ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n', /longer than it said/],
    ['HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab', /after the end/],
    ['HTTP/1.1 101 Switching Protocols\r\n\r\n', /switched protocols/],
    [`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}`, /over 65536 bytes/],
  ])('refuses %j', (text, reason) => {
    expect(() => parse([text])).toThrow(reason);
  });
});

describe('HTTP/1.1 requests', () => {
  const request = {
    method: 'GET',
    path: '/a?b=%20',
    host: 'h.example',
    headers: { accept: '*/*', 'content-length': '99', host: 'other', connection: 'close' },
    body: undefined,
  };

  it('writes head and body, and keeps length, host and connection to itself', () => {
    expect(encodeRequest(request)).toBe('GET /a?b=%20 HTTP/1.1\r\nhost: h.example\r\nconnection: keep-alive\r\naccept: */*\r\n\r\n');
    expect(encodeRequest({ ...request, method: 'POST', headers: {} })).toBe(
      'POST /a?b=%20 HTTP/1.1\r\nhost: h.example\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n',
    );
    const withBody = encodeRequest({ ...request, method: 'POST', headers: { 'x-name': 'Zoë' }, body: '{"a":"☃"}' });
    expect(withBody).toEqual(
      Buffer.concat([
        Buffer.from('POST /a?b=%20 HTTP/1.1\r\nhost: h.example\r\nconnection: keep-alive\r\nx-name: Zoë\r\ncontent-length: 11\r\n\r\n', 'latin1'),
        Buffer.from('{"a":"☃"}'),
      ]),
    );
  });

  it('refuses what would end a line or is no header', () => {
    expect(() => encodeRequest({ ...request, path: '/a b' })).toThrow(/the path cannot be sent/);
    expect(() => encodeRequest({ ...request, path: 'a' })).toThrow(/the path cannot be sent/);
    expect(() => encodeRequest({ ...request, headers: { x: 'a\r\ny: b' } })).toThrow(/header "x" cannot be sent/);
    expect(() => encodeRequest({ ...request, headers: { x: '☃' } })).toThrow(/header "x" cannot be sent/);
    expect(() => encodeRequest({ ...request, headers: { 'x y': 'a' } })).toThrow(/name cannot be sent/);
    expect(() => encodeRequest({ ...request, host: 'a\nb' })).toThrow(/header "host" cannot be sent/);
  });
});
