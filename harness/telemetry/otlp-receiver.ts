/** OTLP/HTTP in, as JSON or protobuf, one file a body out. Nothing is parsed here: that waits until the run is over. */
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

const decompress = promisify(gunzip);

export interface ReceiverOptions {
  /** 0: a free one. Loopback only. */
  port: number;
  /** Of one body, unpacked. */
  mostBodyBytes?: number;
  /** Of all bodies of one run. */
  mostBytes?: number;
}

/** Of what came since the folder was named. */
export interface ReceiverCounts {
  bodies: number;
  bytes: number;
  /** Bodies that were not taken: too large, or beyond what the disk was to hold; of another kind than JSON and protobuf; or the disk refused them. */
  refused: number;
}

export interface OtlpReceiver {
  port: number;
  /** Bodies go into this folder from now on, unpacked: `000001.json`, `000002.pb` and so on; the counts begin anew. Before the first call nothing is kept. */
  writeTo(folder: string): void;
  counts(): ReceiverCounts;
  stop(): Promise<void>;
}

const path = '/v1/traces';
/** By content type: how the body's file is named. An answer has the type of what it answers. */
const protobufType = 'application/x-protobuf';
const encodings: Readonly<Record<string, 'json' | 'pb'>> = { 'application/json': 'json', [protobufType]: 'pb' };
const defaultMostBodyBytes = 64 * 2 ** 20;
const defaultMostBytes = 512 * 2 ** 20;

/** Why a body is not taken. 507 is none of the codes that an exporter tries again. */
class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A body is answered when its file is written: what was answered can be read. */
export async function startOtlpReceiver(options: ReceiverOptions): Promise<OtlpReceiver> {
  const { port, mostBodyBytes = defaultMostBodyBytes, mostBytes = defaultMostBytes } = options;
  let folder: string | undefined;
  let counts: ReceiverCounts = { bodies: 0, bytes: 0, refused: 0 };

  const take = async (request: IncomingMessage): Promise<void> => {
    if (request.url?.split('?')[0] !== path) throw new Refusal(404, `nothing at ${request.url}: only traces are taken, at POST ${path}`);
    if (request.method !== 'POST') throw new Refusal(405, `${request.method} ${path}: expected POST`);
    const encoding = encodingOf(request);
    if (encoding === undefined) {
      const given = request.headers['content-type'] ?? 'none';
      throw new Refusal(
        415,
        `content-type ${given}: expected application/x-protobuf or application/json; set the exporter's protocol to http/protobuf or http/json`,
      );
    }
    const body = await unpacked(await read(request, mostBodyBytes), request.headers['content-encoding'], mostBodyBytes);
    if (folder === undefined) return;
    if (counts.bytes + body.length > mostBytes) throw new Refusal(507, `the run's traces would take more than ${mostBytes} bytes`);
    counts.bodies += 1;
    counts.bytes += body.length;
    await writeFile(join(folder, `${String(counts.bodies).padStart(6, '0')}.${encoding}`), body).catch((error: Error) => {
      throw new Refusal(507, `cannot write: ${error.message}`);
    });
  };
  const server = createServer((request, response) => {
    take(request).then(
      // In protobuf, an answer in which all is well has no fields.
      () => (encodingOf(request) === 'pb' ? answer(response, 200, protobufType, new Uint8Array()) : answerJson(response, 200, { partialSuccess: {} })),
      async (error: unknown) => {
        counts.refused += 1;
        // What is left of the body is not read: the connection cannot be used again.
        response.setHeader('connection', 'close');
        const refusal = error instanceof Refusal ? error : new Refusal(400, error instanceof Error ? error.message : String(error));
        const { status, message } = refusal;
        if (encodingOf(request) !== 'pb') return answerJson(response, status, { code: status, message });
        const { encodeRefusal } = await import('./otlp-protobuf.ts');
        return answer(response, status, protobufType, encodeRefusal(status, message));
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    writeTo(next) {
      folder = next;
      counts = { bodies: 0, bytes: 0, refused: 0 };
    },
    counts: () => ({ ...counts }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function encodingOf(request: IncomingMessage): 'json' | 'pb' | undefined {
  return encodings[request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? ''];
}

function answerJson(response: ServerResponse, status: number, body: object): void {
  answer(response, status, 'application/json', JSON.stringify(body));
}

function answer(response: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}

async function read(request: IncomingMessage, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Refusal(413, `a body of more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function unpacked(body: Buffer, encoding: string | undefined, mostBytes: number): Promise<Buffer> {
  if (encoding === undefined || encoding === 'identity') return body;
  if (encoding !== 'gzip') throw new Refusal(415, `content-encoding ${encoding}: expected gzip or none`);
  try {
    return await decompress(body, { maxOutputLength: mostBytes });
  } catch (error) {
    const tooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    throw tooLarge
      ? new Refusal(413, `a body of more than ${mostBytes} bytes, unpacked`)
      : new Refusal(400, 'the body is not gzip, as its content-encoding says');
  }
}
