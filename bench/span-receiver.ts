/** Takes OTLP bodies and forgets them: what the export costs the server, not what a collector makes of it. Prints its port; ends on SIGTERM. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const server = createServer((request, response) => {
  request.resume().on('end', () => {
    response.setHeader('content-type', 'application/json');
    response.end('{"partialSuccess":{}}');
  });
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.on('SIGTERM', () => process.exit(0));
// Whoever started us has gone.
process.stdin.on('close', () => process.exit(0)).resume();
