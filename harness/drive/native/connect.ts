import { connect as connectTcp, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { PoolContext } from './wire.ts';

/** Opens a socket to the target's address, TLS where the target's URL says https, for the origin of that host name. Calls back once. */
export function openSocket(
  context: PoolContext,
  host: string,
  protocol: 'http/1.1' | 'h2',
  callback: (error: Error | undefined, socket: Socket | undefined) => void,
): Socket {
  const { target } = context;
  const isTls = target.protocol === 'https:';
  const address = target.hostname.replace(/^\[|\]$/g, '');
  const port = target.port === '' ? (isTls ? 443 : 80) : Number(target.port);
  const hostName = host.replace(/:\d+$/, '');
  const socket = isTls
    ? connectTls({
        host: address,
        port,
        ALPNProtocols: [protocol],
        rejectUnauthorized: !context.insecureTls,
        ...(isIP(hostName) === 0 ? { servername: hostName } : {}),
      })
    : connectTcp({ host: address, port, noDelay: true });
  if (isTls) socket.setNoDelay(true);
  const onError = (error: Error): void => callback(error, undefined);
  socket.once('error', onError);
  socket.once(isTls ? 'secureConnect' : 'connect', () => {
    socket.removeListener('error', onError);
    if (protocol === 'h2' && 'alpnProtocol' in socket && socket.alpnProtocol !== 'h2') {
      socket.destroy();
      callback(
        new Error(`the target does not speak HTTP/2 over TLS (it chose ${socket.alpnProtocol === false ? 'no protocol' : String(socket.alpnProtocol)})`),
        undefined,
      );
      return;
    }
    callback(undefined, socket);
  });
  return socket;
}
