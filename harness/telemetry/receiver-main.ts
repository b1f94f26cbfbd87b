/**
 * The receiver as a process of its own: it costs the driver's loop nothing. Prints `{"port":n}` when it listens. Each line on its standard input is answered by one
 * line: `{"writeTo":"<folder>"}` and `{"counts":true}` by the counts until then. It ends when its standard input does.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { type OtlpReceiver, startOtlpReceiver } from './otlp-receiver.ts';

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

function obey(receiver: OtlpReceiver): void {
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      const { writeTo } = JSON.parse(line) as { writeTo?: string };
      const counts = receiver.counts();
      if (writeTo !== undefined) receiver.writeTo(writeTo);
      say(counts);
    })
    .on('close', () => void receiver.stop());
  say({ port: receiver.port });
}

// Ctrl-C in a terminal reaches it as well: the run goes on to its end, and so do its traces.
process.on('SIGINT', () => undefined);
const { values } = parseArgs({ options: { port: { type: 'string' } } });
try {
  obey(await startOtlpReceiver({ port: Number(values.port ?? '0') }));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
