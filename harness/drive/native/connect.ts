import { connect as connectTcp, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { PoolContext } from './wire.ts';

/** One buffer for every plain socket: bytes are read from it before the next read fills it again. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1_024);

/**
 * Opens a socket to the target's address, TLS where the target's URL says https, for the origin of that host name. Calls `onOpened` once.
 * With `onBytes`, what comes in is lent to it for the call.
 */
export function openSocket(
  context: PoolContext,
  host: string,
  protocol: 'http/1.1' | 'h2',
  onOpened: (error: Error | undefined, socket: Socket | undefined) => void,
  onBytes?: (bytes: Buffer) => void,
): Socket {
  const { target } = context;
  const isTls = target.protocol === 'https:';
  const address = target.hostname.replace(/^\[|\]$/g, '');
  const port = target.port === '' ? (isTls ? 443 : 80) : Number(target.port);
  const socket = isTls ? openTls(context, address, port, host, protocol) : openTcp(address, port, onBytes);
  if (isTls && onBytes) socket.on('data', onBytes);
  const onError = (error: Error): void => onOpened(error, undefined);
  socket.once('error', onError);
  socket.once(isTls ? 'secureConnect' : 'connect', () => {
    socket.removeListener('error', onError);
    if (protocol === 'h2' && 'alpnProtocol' in socket && socket.alpnProtocol !== 'h2') {
      socket.destroy();
      onOpened(
        new Error(`the target does not speak HTTP/2 over TLS (it chose ${socket.alpnProtocol === false ? 'no protocol' : String(socket.alpnProtocol)})`),
        undefined,
      );
      return;
    }
    onOpened(undefined, socket);
  });
  return socket;
}

function openTls(context: PoolContext, address: string, port: number, host: string, protocol: string): Socket {
  const hostName = host.replace(/:\d+$/, '');
  const socket = connectTls({
    host: address,
    port,
    ALPNProtocols: [protocol],
    rejectUnauthorized: !context.insecureTls,
    ...(isIP(hostName) === 0 ? { servername: hostName } : {}),
  });
  socket.setNoDelay(true);
  return socket;
}

function openTcp(address: string, port: number, onBytes: ((bytes: Buffer) => void) | undefined): Socket {
  if (!onBytes) return connectTcp({ host: address, port, noDelay: true });
  return connectTcp({
    host: address,
    port,
    noDelay: true,
    onread: {
      buffer: readBuffer,
      callback: (count) => {
        onBytes(readBuffer.subarray(0, count));
        return true;
      },
    },
  });
}
