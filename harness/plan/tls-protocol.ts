import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { UsageError } from '../usage-error.ts';
import type { Target } from './plan.ts';

/** The whole connection, name look-up and hand-shake included. */
const handshakeTimeoutMs = 5_000;

export interface TlsQuestion {
  /** Offer HTTP/1.1 alone. */
  http1: boolean;
  /** Accept any certificate. */
  insecureTls: boolean;
  /** The host name that requests will carry, for SNI and the certificate; default: the URL's own. A port in it is left out. */
  host?: string;
  timeoutMs?: number;
}

/**
 * What an https server speaks, by ALPN: one connection, closed as soon as its hand-shake is done. HTTP/2 where it has that, else HTTP/1.1 (also where it knows no ALPN).
 * Throws UsageError `no_server` (nothing listens, or it does not answer in time), `not_tls`, `bad_certificate`, or `no_http1` (only HTTP/1.1 was offered, and refused).
 */
export async function tlsProtocol(url: URL, question: TlsQuestion): Promise<Target['protocol']> {
  const timeoutMs = question.timeoutMs ?? handshakeTimeoutMs;
  const socket = open(url, question);
  const timer = setTimeout(
    () =>
      socket.destroy(
        new UsageError('no_server', `${url.origin}: no TLS hand-shake within ${timeoutMs} ms; is it a TLS port? for a server without TLS write http://`),
      ),
    timeoutMs,
  );
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
      socket.once('close', () => reject(Object.assign(new Error('it closed the connection'), { code: 'ECONNRESET' })));
    });
    if (!question.insecureTls && !socket.authorized) throw certificateError(url, socket);
    return socket.alpnProtocol === 'h2' ? 'h2' : 'http/1.1';
  } catch (error) {
    throw error instanceof UsageError ? error : connectionError(url, question, error);
  } finally {
    clearTimeout(timer);
    socket.on('error', () => undefined);
    // After what is still to be written: a server would note a hand-shake that was cut off.
    socket.destroySoon();
  }
}

function open(url: URL, { http1, host }: TlsQuestion): TLSSocket {
  const address = url.hostname.replace(/^\[|\]$/g, '');
  const name = (host ?? address).replace(/:\d+$/, '');
  return connect({
    host: address,
    port: url.port === '' ? 443 : Number(url.port),
    ALPNProtocols: http1 ? ['http/1.1'] : ['h2', 'http/1.1'],
    // Looked at afterwards: a certificate that is not trusted is told apart from a hand-shake that failed.
    rejectUnauthorized: false,
    ...(isIP(name) === 0 ? { servername: name } : {}),
  });
}

function certificateError(url: URL, socket: TLSSocket): UsageError {
  const reason = socket.authorizationError;
  const text = reason instanceof Error ? reason.message : String(reason);
  return new UsageError(
    'bad_certificate',
    `${url.origin}: its certificate is not trusted (${text}); write the name that the certificate is for, or give its authority to Node: NODE_EXTRA_CA_CERTS=<file.pem>`,
  );
}

function connectionError(url: URL, { http1 }: TlsQuestion, error: unknown): UsageError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const text = error instanceof Error ? error.message : String(error);
  if (http1 && code === 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL')
    return new UsageError('no_http1', `--http1: ${url.origin} refuses HTTP/1.1 over TLS; leave the flag away to drive it with HTTP/2`);
  // OpenSSL's names of what it read instead of a TLS record.
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH|RECORD_LAYER|HTTP_REQUEST|UNEXPECTED_MESSAGE/.test(code))
    return new UsageError('not_tls', `${url.origin}: what listens there does not speak TLS; for a server without TLS write http:// (${code})`);
  if (code === 'ECONNREFUSED') return new UsageError('no_server', `${url.origin}: nothing listens there (${code}); start the server first`);
  if (code === 'ECONNRESET')
    return new UsageError('not_tls', `${url.origin}: it ended the connection instead of a TLS hand-shake (${text}); for a server without TLS write http://`);
  if (code.startsWith('ERR_SSL_')) return new UsageError('not_tls', `${url.origin}: the TLS hand-shake failed (${code})`);
  return new UsageError('no_server', `${url.origin}: cannot be reached (${text})`);
}
