/**
 * The least that can answer after a keyed draw: node:http and a timer that is never early. What the reference server adds to it is what its residuals are
 * judged by. The draw is the reference server's own, of the operation named on the command line; `none` answers at once.
 * A plain setTimeout fires up to 1 ms before its time (0.4 ms in the median), so it would not be a fair measure: this one looks at the clock and sleeps on.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { drawRequest } from '../reference-server/latency/draw.ts';
import { loadProfile } from '../reference-server/latency/profile.ts';
import { headers, serverTiming } from '../scenarios/names.ts';

const name = process.argv[2] ?? 'none';
const profile = loadProfile('observed');
const body = JSON.stringify({ status: 'ok', filler: 'x'.repeat(200) });

function at(dueMs: number, callback: () => void): void {
  const leftMs = dueMs - performance.now();
  if (leftMs <= 0) callback();
  else setTimeout(at, Math.max(1, Math.ceil(leftMs)), dueMs, callback);
}

const server = createServer((request, response) => {
  const arrivedMs = performance.now();
  const key = request.headers[headers.requestKey];
  const intendedMs = name === 'none' ? 0 : drawRequest(profile, { name }, typeof key === 'string' ? key : '').totalMs;
  at(arrivedMs + intendedMs, () => {
    response.setHeader(
      headers.serverTiming,
      `${serverTiming.intended};dur=${intendedMs.toFixed(3)}, ${serverTiming.actual};dur=${(performance.now() - arrivedMs).toFixed(3)}`,
    );
    response.setHeader('content-type', 'application/json');
    response.end(body);
  });
});
server.keepAliveTimeout = 75_000;
server.listen(0, '127.0.0.1', 8_192, () => console.log((server.address() as AddressInfo).port));
process.on('SIGTERM', () => process.exit(0));
// Whoever started us has gone.
process.stdin.on('close', () => process.exit(0)).resume();
