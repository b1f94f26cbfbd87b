import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { readTraceFlags, type TraceFlags } from '../../harness/commands/trace-flags.ts';
import { readConfig } from '../../harness/config.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';

const traceUrl = 'https://x.example/{traceId}';
const such = 'give where a trace opens, such as https://traces.example.com/trace/{traceId}';
const alone =
  '--trace-url: this run receives the spans itself, so they open in its report and are nowhere else; send them to the back end with --otlp <collector>, or leave --trace-url away';

test.each<[TraceFlags, string]>([
  [{ traces: false, otlp: 'http://127.0.0.1:1' }, '--no-traces switches traces off: leave --otlp, --otlp-port and --trace-url away, or --no-traces'],
  [{ otlpPort: '4318', otlp: 'http://127.0.0.1:1' }, '--otlp-port receives the spans here, --otlp sends them elsewhere; give one of them'],
  [{ otlp: 'collector:4318' }, '--otlp: "collector:4318" is not an http(s) URL; give the base of an OTLP/HTTP collector, such as http://127.0.0.1:4318'],
  [{ otlpPort: '99999' }, '--otlp-port: 99999 is over 65535; give the port that the server sends to, such as 4318'],
  [{ otlpPort: 'any' }, '--otlp-port: "any" is not a whole number of at least 1'],
  [{ traceUrl: 'https://x.example/traces' }, `--trace-url: "https://x.example/traces" has no {traceId}; ${such}`],
  [{ traceUrl: 'x.example/{traceId}' }, `--trace-url: "x.example/{traceId}" is not an http(s) URL; ${such}`],
  [{ traceUrl: 'https://{traceId}' }, `--trace-url: "https://{traceId}" has a placeholder where its host should be; ${such}`],
  [{ traceUrl: 'https:///{traceId}' }, `--trace-url: "https:///{traceId}" has no host; ${such}`],
  [
    { traceUrl: 'https://x/{traceId}?s={spanId}' },
    `--trace-url: "https://x/{traceId}?s={spanId}" has {spanId}, and only {traceId}, {fromMs}, {toMs} are filled in; ${such}`,
  ],
  [{ traceUrl }, alone],
  [{ traceUrl, otlpPort: '4318' }, alone],
])('%o is refused, with what to do', (flags, message) => {
  expect(() => readTraceFlags(flags)).toThrow(expect.objectContaining({ name: 'UsageError', message }));
});

test('where spans go and open', () => {
  const headers = {};
  const backend = { kind: 'template', url: traceUrl };
  expect(readTraceFlags({})).toEqual({ receiverPort: 0 });
  expect(readTraceFlags({ traces: false })).toBeUndefined();
  expect(readTraceFlags({ target: 'http://127.0.0.1:1' })).toEqual({});
  expect(readTraceFlags({ target: 'http://127.0.0.1:1', traceUrl })).toEqual({ backend });
  expect(readTraceFlags({ target: 'http://127.0.0.1:1', otlpPort: '4318' })).toEqual({ receiverPort: 4318 });
  expect(readTraceFlags({ otlp: 'http://c:4318/', traceUrl })).toEqual({ collector: { url: 'http://c:4318/v1/traces', headers }, backend });
  expect(readTraceFlags({ otlp: 'HTTP://c:4318', traceUrl: 'HTTPS://x.example/{traceId}?{fromMs}' })).toMatchObject({ backend: { kind: 'template' } });
  // With --stack the addresses come later.
  expect(readTraceFlags({ stack: true, traceUrl })).toMatchObject({ backend });
});

test('the environment, as the OpenTelemetry specification has it', () => {
  const base = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' };
  expect(readConfig(base).otlpTracesUrl).toBe('http://c:4318/v1/traces');
  expect(readConfig({ ...base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://t/x' }).otlpTracesUrl).toBe('http://t/x');
  for (const off of [{ OTEL_SDK_DISABLED: 'True' }, { OTEL_TRACES_EXPORTER: 'none' }]) expect(readConfig({ ...base, ...off }).otlpTracesUrl).toBeUndefined();
  expect(readConfig({ ...base, OTEL_SDK_DISABLED: 'no', OTEL_TRACES_EXPORTER: 'otlp' }).otlpTracesUrl).toBe('http://c:4318/v1/traces');
  const headers = { OTEL_EXPORTER_OTLP_HEADERS: 'a=1,b=x%20y', OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'a=2' };
  expect(readConfig(headers).otlpHeaders).toEqual({ a: '2', b: 'x y' });
});

test('they are judged before anything is opened, a dry run too; a port that is taken is named', async () => {
  const folder = await emptyFolder();
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  try {
    const run = async (...flags: string[]): Promise<[number | null, string]> => {
      const { code, stderr } = await plumbline(['run', 'crud', ...flags], folder.path);
      return [code, stderr];
    };
    expect(await run('--trace-url', traceUrl, '--dry-run')).toEqual([2, `plumbline: ${alone}\n`]);
    expect(await run('--otlp-port', String(port))).toEqual([
      2,
      `plumbline: --otlp-port: cannot listen on 127.0.0.1:${port} (listen EADDRINUSE: address already in use 127.0.0.1:${port}); give a free port, and have the server send its spans there\n`,
    ]);
    const { code, stderr } = await plumbline(['run', 'crud', '--dry-run'], folder.path, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' } });
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^plumbline: OTEL_EXPORTER_OTLP_ENDPOINT, or .*: "collector:4318\/v1\/traces" is not an http/)]);
    expect(await readdir(folder.path)).toEqual([]);
  } finally {
    taken.close();
    await folder.remove();
  }
});
