/** Takes the spans that one side exports in one epoch, over OTLP. In a process of its own: that costs the driver's loop nothing. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FlatSpan } from '../../telemetry/flat-span.ts';
import { startReceiverProcess } from '../../telemetry/receiver-process.ts';
import { spansOfBody } from '../../telemetry/span-bodies.ts';
import type { RunningSide } from './side.ts';

/** How often a side's exporter is to send, and how long it gets for its last spans before it is stopped. */
const exportEveryMs = 500;
const lastSpansMs = 1_000;

export interface SpanIntake {
  /** `NAME=value`: where OpenTelemetry's SDKs send traces, by their own variables. Metrics and logs stay where they go. */
  variables: readonly string[];
  /** All that has come. Nothing is taken any more. */
  close(): Promise<FlatSpan[]>;
}

export async function openSpanIntake(): Promise<SpanIntake> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-gate-spans-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const receiver = await startReceiverProcess().catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  await receiver.writeTo(folder);
  return {
    variables: [
      'OTEL_TRACES_EXPORTER=otlp',
      `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${receiver.url}/v1/traces`,
      'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf',
      `OTEL_BSP_SCHEDULE_DELAY=${exportEveryMs}`,
    ],
    async close() {
      await receiver.stop();
      const files = (await readdir(folder)).toSorted();
      // What is no export of traces tells nothing of hops; the others do all the same.
      const bodies = await Promise.all(files.map((name) => spansOfBody(join(folder, name)).catch(() => [])));
      await remove();
      return bodies.flat();
    },
  };
}

/** A side whose spans are there once it has stopped. */
export function withSpans(running: RunningSide, intake: SpanIntake): RunningSide {
  let spans: readonly FlatSpan[] = [];
  return {
    ...running,
    spans: () => spans,
    async stop() {
      await sleep(lastSpansMs);
      await running.stop();
      spans = await intake.close();
    },
  };
}
