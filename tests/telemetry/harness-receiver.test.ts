import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { request } from 'undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type OtlpReceiver, startOtlpReceiver } from '../../harness/telemetry/otlp-receiver.ts';
import { startReceiverProcess } from '../../harness/telemetry/receiver-process.ts';
import { emptyFolder } from '../support/cli.ts';

let folder: Awaited<ReturnType<typeof emptyFolder>>;
beforeEach(async () => {
  folder = await emptyFolder();
});
afterEach(() => folder.remove());

interface Answer {
  status: number;
  body: unknown;
}

async function post(port: number, body: string | Buffer, headers: Record<string, string> = {}, path = '/v1/traces'): Promise<Answer> {
  const response = await request(`http://127.0.0.1:${port}${path}`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  return { status: response.statusCode, body: await response.body.json() };
}

async function withReceiver(options: Partial<Parameters<typeof startOtlpReceiver>[0]>, use: (receiver: OtlpReceiver) => Promise<void>): Promise<void> {
  const receiver = await startOtlpReceiver({ port: 0, ...options });
  try {
    receiver.writeTo(folder.path);
    await use(receiver);
  } finally {
    await receiver.stop();
  }
}

const files = async (): Promise<Record<string, string>> =>
  Object.fromEntries(await Promise.all((await readdir(folder.path)).toSorted().map(async (name) => [name, await readFile(join(folder.path, name), 'utf8')])));

test('bodies go to disk as they come, packed or not, and are answered when they are there', async () => {
  await withReceiver({}, async (receiver) => {
    expect(await post(receiver.port, '{"resourceSpans":[1]}')).toEqual({ status: 200, body: { partialSuccess: {} } });
    expect(await files()).toEqual({ '000001.json': '{"resourceSpans":[1]}' });
    expect(
      (await post(receiver.port, gzipSync('{"resourceSpans":[2]}'), { 'content-encoding': 'gzip', 'content-type': 'application/json; charset=utf-8' })).status,
    ).toBe(200);
    expect((await files())['000002.json']).toBe('{"resourceSpans":[2]}');
    expect(receiver.counts()).toEqual({ bodies: 2, bytes: 42, refused: 0 });
  });
});

test('what it does not take is refused with a reason, and counted', async () => {
  await withReceiver({ mostBodyBytes: 1_000, mostBytes: 1_500 }, async (receiver) => {
    const { port } = receiver;
    expect(await post(port, 'x', { 'content-type': 'application/x-thrift' })).toEqual({
      status: 415,
      body: {
        code: 415,
        message:
          "content-type application/x-thrift: expected application/x-protobuf or application/json; set the exporter's protocol to http/protobuf or http/json",
      },
    });
    expect((await post(port, 'x', { 'content-encoding': 'br' })).body).toEqual({ code: 415, message: 'content-encoding br: expected gzip or none' });
    expect((await post(port, 'x', { 'content-encoding': 'gzip' })).body).toEqual({ code: 400, message: 'the body is not gzip, as its content-encoding says' });
    expect((await post(port, '{}', {}, '/v1/metrics')).status).toBe(404);
    expect((await post(port, ' '.repeat(1_001))).status).toBe(413);
    // A small body that unpacks to a large one.
    expect((await post(port, gzipSync(' '.repeat(100_000)), { 'content-encoding': 'gzip' })).status).toBe(413);
    expect((await post(port, ' '.repeat(1_000))).status).toBe(200);
    expect(await post(port, ' '.repeat(501))).toEqual({ status: 507, body: { code: 507, message: "the run's traces would take more than 1500 bytes" } });
    expect((await post(port, ' '.repeat(500))).status).toBe(200);
    expect(receiver.counts()).toEqual({ bodies: 2, bytes: 1_500, refused: 7 });
    expect(Object.keys(await files())).toEqual(['000001.json', '000002.json']);
  });
});

test('a disk that refuses is told to the exporter; a client that goes in mid-body does no harm', async () => {
  await withReceiver({}, async (receiver) => {
    receiver.writeTo(join(folder.path, 'not-there'));
    expect((await post(receiver.port, '{}')).status).toBe(507);
    const socket = connect(receiver.port, '127.0.0.1');
    socket.write('POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{');
    await once(socket, 'connect');
    socket.destroy();
    receiver.writeTo(folder.path);
    expect((await post(receiver.port, '{}')).status).toBe(200);
  });
});

test('as a process: it answers on the port it prints, one folder after another, and ends with its standard input', async () => {
  const receiver = await startReceiverProcess();
  const port = Number(new URL(receiver.url).port);
  // Nobody has said where to: nothing is kept, and the exporter goes on.
  expect((await post(port, '{}')).status).toBe(200);
  expect(await files()).toEqual({});
  await receiver.writeTo(folder.path);
  expect((await post(port, '{"resourceSpans":[]}')).status).toBe(200);
  expect(await receiver.counts()).toEqual({ bodies: 1, bytes: 20, refused: 0 });
  await receiver.writeTo(folder.path);
  expect(await receiver.counts()).toEqual({ bodies: 0, bytes: 0, refused: 0 });
  await expect(startReceiverProcess(port)).rejects.toThrow(new RegExp(`^listen EADDRINUSE: address already in use 127.0.0.1:${port}$`));
  await receiver.stop();
  await expect(post(port, '{}')).rejects.toThrow('ECONNREFUSED');
  await expect(receiver.counts()).rejects.toThrow('the receiver of traces has ended');
});

test('it outlives Ctrl-C, and not its parent', async () => {
  const file = fileURLToPath(new URL('../../harness/telemetry/receiver-main.ts', import.meta.url));
  const child = spawn(process.execPath, [file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { port } = JSON.parse(line.toString()) as { port: number };
  child.kill('SIGINT');
  expect((await post(port, '{}')).status).toBe(200);
  const ended = once(child, 'exit');
  child.stdin.end();
  expect((await ended)[0]).toBe(0);
});
