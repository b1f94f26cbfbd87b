/** The bytes of an HTTP/1.1 request. */
import type { WireRequest } from './wire.ts';

/** Bytes of latin1 but for controls; anything else could end the line and begin another. */
const badValue = /[^\t\x20-\x7e\x80-\xff]/;
const badPath = /[^\x21-\x7e\x80-\xff]/;
const goodName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Names are few and come again with each request. */
const checkedNames = new Set<string>();
const bodyMethods = new Set(['POST', 'PUT', 'PATCH']);

/** A latin1 string when there is no body. Throws for what cannot be sent. */
export function encodeRequest(request: WireRequest): string | Buffer {
  const { method, path, host, headers, body } = request;
  if (badPath.test(path) || !path.startsWith('/'))
    throw new Error(`the path cannot be sent: ${JSON.stringify(path.slice(0, 120))}; expected / and no spaces or control characters`);
  checkValue('host', host);
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
  for (const name in headers) {
    const value = headers[name] as string;
    if (!checkedNames.has(name)) {
      if (!goodName.test(name)) throw new Error(`a header's name cannot be sent: ${JSON.stringify(name)}`);
      checkedNames.add(name);
    }
    // The connection is the driver's business, and the body's length is what it is.
    if (name === 'connection' || name === 'host' || name === 'content-length' || name === 'transfer-encoding') continue;
    checkValue(name, value);
    head += `${name}: ${value}\r\n`;
  }
  if (body === undefined) return bodyMethods.has(method) ? `${head}content-length: 0\r\n\r\n` : `${head}\r\n`;
  const bodyBytes = Buffer.byteLength(body);
  head += `content-length: ${bodyBytes}\r\n\r\n`;
  const bytes = Buffer.allocUnsafe(head.length + bodyBytes);
  bytes.write(head, 0, 'latin1');
  bytes.write(body, head.length, 'utf8');
  return bytes;
}

function checkValue(name: string, value: string): void {
  if (badValue.test(value))
    throw new Error(`header "${name}" cannot be sent: ${JSON.stringify(value.slice(0, 120))} has characters outside latin1 or line ends`);
}
