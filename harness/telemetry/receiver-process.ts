import { spawn } from 'node:child_process';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ReceiverCounts } from './otlp-receiver.ts';

export interface ReceiverProcess {
  /** For `--otlp` and `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  url: string;
  /** Bodies go into this folder from now on; it must be there. */
  writeTo(folder: string): Promise<void>;
  /** Of what came since then. */
  counts(): Promise<ReceiverCounts>;
  stop(): Promise<void>;
}

const startTimeoutMs = 10_000;
const stopTimeoutMs = 5_000;

/** Starts the receiver of OTLP/HTTP. It ends with its parent, however that ends. Throws with its own words when it cannot start. @param port 0: a free one */
export async function startReceiverProcess(port = 0): Promise<ReceiverProcess> {
  const file = fileURLToPath(new URL(`./receiver-main${extname(fileURLToPath(import.meta.url))}`, import.meta.url));
  const child = spawn(process.execPath, [file, '--port', String(port)], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-2_000);
  });
  child.stdin.on('error', () => undefined);
  let isReady = false;
  const waiting: { resolve(line: unknown): void; reject(error: Error): void }[] = [];
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      const words = complaints.trim() || 'it ended without a word';
      const error = new Error(isReady ? `the receiver of traces has ended: ${words}` : words);
      for (const one of waiting.splice(0)) one.reject(error);
      resolve();
    };
    child.once('error', end);
    child.once('exit', end);
  });
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line)));
  const nextLine = <T>(): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (child.exitCode !== null || child.signalCode !== null) reject(new Error('the receiver of traces has ended'));
      else waiting.push({ resolve: (line) => resolve(line as T), reject });
    });
  const ask = <T>(line: object): Promise<T> => {
    const answer = nextLine<T>();
    child.stdin.write(`${JSON.stringify(line)}\n`);
    return answer;
  };
  const stop = async (): Promise<void> => {
    child.stdin.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    await ended;
    clearTimeout(timer);
  };
  const timer = setTimeout(() => child.kill('SIGKILL'), startTimeoutMs);
  try {
    const ready = await nextLine<{ port: number }>();
    isReady = true;
    return {
      url: `http://127.0.0.1:${ready.port}`,
      writeTo: async (folder) => {
        await ask({ writeTo: folder });
      },
      counts: () => ask<ReceiverCounts>({ counts: true }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
