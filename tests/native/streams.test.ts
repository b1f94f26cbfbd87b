import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, createBrotliCompress, createGzip, createZstdCompress } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { Sample } from '../../harness/sample.ts';
import type { RequestStep, StreamDialect } from '../../scenarios/types.ts';
import { drive, scenarioOf, serve, sleep, until } from './support/drive.ts';
import type { TestServer } from './support/drive.ts';

let server: TestServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

const named = (name: string, data = '{}'): string => `event: ${name}\ndata: ${data}\n\n`;
const openai = (delta: string): string => `data: {"choices":[{"index":0,"delta":${delta}}]}\n\n`;

/** When each content event leaves, ms from the request's arrival: a first wait, even gaps, one stall. */
const contentTimesMs = [120, 160, 200, 240, 440, 480];
const truth = {
  intendedMs: 480,
  actualMs: 481.5,
  intendedFirstMs: 120,
  actualFirstMs: 120.4,
  queuedMs: 0,
  hops: [{ hop: 'edge', durationMs: 481 }],
  events: { intendedMs: contentTimesMs, actualMs: contentTimesMs },
};

/** What each dialect sends at once, as content, and to end. */
const scripts: Record<StreamDialect, { open: string; content: string; close: string }> = {
  plumbline: {
    open: named('message_start', '{"type":"message_start","trace_id":"trace-of-server","request_id":"req_1"}') + named('ping'),
    content: named('content_block_delta', '{"type":"content_block_delta","delta":{"text":"x"}}'),
    close: named('message_delta') + named('message_stop') + named('plumbline_truth', JSON.stringify(truth)),
  },
  anthropic: {
    open: named('message_start', '{"type":"message_start","message":{"id":"m","request_id":"req_2"}}') + named('content_block_start'),
    content: named('content_block_delta', '{"type":"content_block_delta","delta":{"text":"x"}}'),
    close: named('message_stop'),
  },
  openai: { open: openai('{"role":"assistant","content":""}'), content: openai('{"content":"x"}'), close: `${openai('{}')}data: [DONE]\n\n` },
  plain: { open: ': hello\n\n', content: 'data: x\n\n', close: '' },
};

function dialectOf(request: IncomingMessage): StreamDialect {
  return (request.url ?? '').split('/')[1] as StreamDialect;
}

/** When the server wrote each content event of its last stream, `performance.now()`: both sides share this process' clock. */
let writtenMs: number[] = [];

/** Writes the script of the request's dialect at its times, through `write`. */
async function play(request: IncomingMessage, startMs: number, write: (text: string) => void): Promise<void> {
  const { open, content, close } = scripts[dialectOf(request)];
  writtenMs = [];
  write(open);
  for (const [i, atMs] of contentTimesMs.entries()) {
    const waitMs = startMs + atMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    writtenMs.push(performance.now());
    write(content + (i === contentTimesMs.length - 1 ? close : ''));
  }
}

function streamStep(dialect: StreamDialect, rest: Partial<RequestStep> = {}): RequestStep {
  return {
    id: dialect,
    operation: `stream.${dialect}`,
    method: 'POST',
    path: `/${dialect}`,
    stream: dialect,
    body: { prompt: 'hi' },
    after: [],
    latencyClass: 'completion',
    ...rest,
  };
}

async function one(step: RequestStep, url: string, timeoutMs = 10_000): Promise<Sample & { startMs: number }> {
  const { requests, startMs } = await drive(scenarioOf([step], { durationMs: 50, timeoutMs }), url);
  const [sample] = requests;
  if (!sample || requests.length !== 1) throw new Error(`${requests.length} samples, expected one`);
  return { ...sample, startMs };
}

/** Each event when its bytes left the server: never earlier, typically within 20 ms, late by at most a hiccup of the machine. */
function expectTimes(sample: Sample & { startMs: number }): void {
  expect(sample.contentEvents).toBe(contentTimesMs.length);
  const times = sample.eventTimesMs ?? [];
  expect(times).toHaveLength(contentTimesMs.length);
  expect(writtenMs).toHaveLength(contentTimesMs.length);
  const errorsMs = times.map((atMs, i) => atMs + sample.startMs - (writtenMs[i] ?? Number.NaN));
  for (const [i, errorMs] of errorsMs.entries()) {
    expect(errorMs, `event ${i}`).toBeGreaterThanOrEqual(0);
    expect(errorMs, `event ${i}`).toBeLessThan(250);
  }
  expect(errorsMs.sort((a, b) => a - b)[2]).toBeLessThan(20);
  expect(sample.firstContentAtMs).toBe(times[0]);
  expect(sample.lastContentAtMs).toBe(times.at(-1));
  const gapsMs = times.slice(1).map((atMs, i) => atMs - (times[i] ?? Number.NaN));
  expect(sample.maxGapMs).toBe(Math.max(...gapsMs));
  expect(sample.maxGapMs).toBeGreaterThan(100);
  expect((sample.gapsUs ?? []).reduce((sum, [, count]) => sum + count, 0)).toBe(contentTimesMs.length - 1);
  const longestUs = sample.gapsUs?.at(-1)?.[0] ?? 0;
  expect(Math.abs(longestUs / 1_000 - (sample.maxGapMs ?? 0))).toBeLessThan((sample.maxGapMs ?? 0) * 0.01);
}

function sseServer(mode: 'whole' | 'bytes' = 'whole'): Promise<TestServer> {
  return serve((request, response) => {
    const startMs = performance.now();
    request.resume();
    response.socket?.setNoDelay(true);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    const write = (text: string): void => {
      if (mode === 'whole') response.write(text);
      else for (const byte of Buffer.from(text)) response.write(Buffer.from([byte]));
    };
    void play(request, startMs, write).then(() => response.end());
  });
}

describe('streams', () => {
  it('known answer: event times in all four dialects', async () => {
    server = await sseServer();
    const steps = (Object.keys(scripts) as StreamDialect[]).map((dialect) => streamStep(dialect));
    // One after another: the early streams of a run keep their event times.
    for (const step of steps) {
      const sample = await one(step, server.url);
      expect(sample.outcome, sample.error).toBe('ok');
      expectTimes(sample);
      // Headers were flushed at once: the first byte is not the first content.
      expect((sample.firstContentAtMs ?? 0) - (sample.firstByteAtMs ?? 0)).toBeGreaterThan(60);
      expect(sample.latencyClass).toBe('completion');
    }
  });

  it('takes trace, request id and truth from where the server tells them', async () => {
    server = await sseServer();
    const ours = await one(streamStep('plumbline'), server.url);
    expect(ours.traceId).toBe('trace-of-server');
    expect(ours.requestId).toBe('req_1');
    expect(ours.truth).toEqual(truth);
    const foreign = await one(streamStep('anthropic'), server.url);
    expect(foreign.requestId).toBe('req_2');
    expect(foreign.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(foreign.truth).toBeUndefined();
  });

  it('one byte at a time gives the same', async () => {
    server = await sseServer('bytes');
    for (const dialect of ['plumbline', 'openai'] as const) expectTimes(await one(streamStep(dialect), server.url));
  });

  it.each(['br', 'zstd', 'gzip'])('a stream encoded as %s and flushed each event is timed as its bytes arrive', async (encoding) => {
    server = await serve((request, response) => {
      const startMs = performance.now();
      request.resume();
      expect(request.headers['accept-encoding']).toBe(encoding);
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': encoding });
      const encoder =
        encoding === 'br'
          ? createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1, [constants.BROTLI_PARAM_LGWIN]: 12 } })
          : encoding === 'zstd'
            ? createZstdCompress()
            : createGzip();
      encoder.pipe(response);
      const write = (text: string): void => {
        encoder.write(text);
        encoder.flush();
      };
      void play(request, startMs, write).then(() => encoder.end());
    });
    const sample = await one(streamStep('plumbline', { headers: { 'accept-encoding': encoding } }), server.url);
    expect(sample.outcome, sample.error).toBe('ok');
    expect(sample.encoding).toBe(encoding);
    expectTimes(sample);
    expect(sample.truth?.intendedMs).toBe(480);
  });

  it('asks for identity on streams unless the scenario says otherwise', async () => {
    let asked: string | undefined;
    server = await serve((request, response) => {
      asked = request.headers['accept-encoding'];
      response.end(scripts.plumbline.close);
    });
    await one(streamStep('plumbline'), server.url);
    expect(asked).toBe('identity');
  });

  it('a stream that breaks off, that ends without its last event, that reports an error, or that is no stream has failed', async () => {
    const { open, content, close } = scripts.plumbline;
    const answers: Record<string, (response: ServerResponse) => void> = {
      '/cut': (response) => response.write(open + content + content, () => response.destroy()),
      '/short': (response) => response.end(open + content),
      '/error': (response) => response.end(open + content + named('error', '{"type":"error","error":{"type":"overloaded_error"}}') + close),
      '/json': (response) => response.end('{"ok":true}'),
      '/503': (response) => {
        response.statusCode = 503;
        response.end('{"error":"busy"}');
      },
    };
    server = await serve((request, response) => {
      request.resume();
      answers[request.url ?? '']?.(response);
    });
    const errors: Record<string, string> = {};
    for (const path of Object.keys(answers)) {
      const sample = await one(streamStep('plumbline', { path }), server.url);
      expect(sample.outcome).toBe('failed');
      errors[path] = `${sample.contentEvents ?? 'no'}: ${sample.error}`;
    }
    expect(errors['/cut']).toMatch(/^2: connection failed after \d+ bytes of the response/);
    expect(errors['/short']).toBe('1: the stream ended without message_stop, after 1 content events');
    expect(errors['/error']).toContain('1: the stream reported an error: {"type":"error"');
    expect(errors['/json']).toBe('0: the stream ended without message_stop, after 0 content events');
    expect(errors['/503']).toMatch(/^no: status 503, expected/);
  });

  it('a plain stream has no last event: its end is enough', async () => {
    server = await serve((_request, response) => response.end('data: 1\n\ndata: 2\n\n'));
    expect(await one(streamStep('plain'), server.url)).toMatchObject({ outcome: 'ok', contentEvents: 2 });
  });

  it('a stream that stalls past the time-out keeps what it had', async () => {
    server = await serve((_request, response) => response.write(scripts.plumbline.open + scripts.plumbline.content));
    const sample = await one(streamStep('plumbline'), server.url, 300);
    expect(sample).toMatchObject({ outcome: 'timeout', contentEvents: 1 });
    expect(sample.firstContentAtMs).toBeTypeOf('number');
  });

  it('abortAfterEvents: the client goes, the server sees it, and the journey goes on', async () => {
    let gone = false;
    let afterwards = false;
    server = await serve((request, response) => {
      request.resume();
      if (request.url === '/after') {
        afterwards = true;
        response.end('{}');
        return;
      }
      response.once('close', () => {
        gone = !response.writableFinished;
      });
      response.write(scripts.plumbline.open);
      const timer = setInterval(() => response.write(scripts.plumbline.content), 20);
      response.once('close', () => clearInterval(timer));
    });
    const steps = [streamStep('plumbline', { abortAfterEvents: 3 }), { id: 'after', operation: 'x', method: 'GET', path: '/after' } as RequestStep];
    const { requests, journeys } = await drive(scenarioOf(steps, { durationMs: 50 }), server.url);
    expect(requests.find((sample) => sample.step === 'plumbline')).toMatchObject({ outcome: 'aborted', contentEvents: 3 });
    expect(requests.find((sample) => sample.step === 'plumbline')?.error).toBeUndefined();
    expect(journeys[0]?.outcome).toBe('ok');
    expect(afterwards).toBe(true);
    await until(() => gone, 'the server sees the client go');
  });

  it('keeps event times of the first few, of the slowest, and of a share of the rest', async () => {
    const { open, content, close } = scripts.plumbline;
    let seen = 0;
    server = await serve((_request, response) => {
      seen += 1;
      const body = open + content + close;
      if (seen === 250) setTimeout(() => response.end(body), 400);
      else response.end(body);
    });
    const { requests } = await drive(scenarioOf([streamStep('plumbline')], { load: { kind: 'constant', ratePerSecond: 300 }, durationMs: 1_000 }), server.url);
    const kept = requests.filter((sample) => sample.eventTimesMs !== undefined);
    expect(requests).toHaveLength(300);
    expect(kept.length).toBeGreaterThanOrEqual(8);
    expect(kept.length).toBeLessThan(100);
    const slowest = requests.reduce((a, b) => ((a.endedAtMs ?? 0) - (a.sentAtMs ?? 0) > (b.endedAtMs ?? 0) - (b.sentAtMs ?? 0) ? a : b));
    expect(slowest.eventTimesMs).toHaveLength(1);
  });
});
