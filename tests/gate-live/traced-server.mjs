// A server that is somebody else's and exports its spans by OpenTelemetry's SDK, to where the SDK's own variables say. GET /slow asks a database for `db` ms.
import { createServer } from 'node:http';
import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { startNodeSdk } from '@opentelemetry/sdk-node';

Object.assign(process.env, { OTEL_SERVICE_NAME: 'shop', OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' });
const sdk = startNodeSdk();
const tracer = trace.getTracer('shop');
const databaseMs = Number(process.argv[2]?.split('=')[1] ?? 10);

createServer((request, response) => {
  if (request.url === '/') return response.end('up');
  const caller = propagation.extract(context.active(), request.headers);
  const page = tracer.startSpan('GET /slow', { kind: SpanKind.SERVER }, caller);
  setTimeout(() => {
    const query = tracer.startSpan('SELECT', { kind: SpanKind.CLIENT }, trace.setSpan(caller, page));
    setTimeout(() => {
      query.end();
      page.end();
      response.end('done');
    }, databaseMs);
  }, 5);
}).listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => void sdk.shutdown().finally(() => process.exit(0)));
