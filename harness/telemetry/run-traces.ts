/** A run's traces, from the first body to run.json: asked for, waited for, parsed, joined with the driver's own spans. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import type { ControlClient, TraceHealth } from '../control-client.ts';
import type { LegMeasurement, Telemetry, TraceBackend } from '../results/run-file.ts';
import { readSamples, samplesFileName } from '../results/samples.ts';
import type { Sample } from '../sample.ts';
import { plumblineVersion } from '../version.ts';
import { askedSamples, wishedSamples } from './asked-traces.ts';
import { clientSpans } from './client-spans.ts';
import type { FlatSpan } from './flat-span.ts';
import { otlpOfSpans } from './otlp-json.ts';
import type { ReceiverProcess } from './receiver-process.ts';
import { emitAsked, healthBefore, unaskedServer } from './server-traces.ts';
import { bodiesFolder, spansOfBody } from './span-bodies.ts';
import { spansFileName, writeSpans } from './spans-file.ts';
import { tracesOf } from './trace-tree.ts';
import { whereabouts } from './whereabouts.ts';

export interface TraceSources {
  /** Of the server under load, where it has one. */
  control?: ControlClient;
  /** Takes the server's spans, unless they go elsewhere. */
  receiver?: ReceiverProcess;
  /** A collector that was named from outside: the driver's spans go there, and those of a server that this run starts. */
  collector?: { url: string; headers: Readonly<Record<string, string>> };
  /** Where traces can be opened afterwards. */
  backend?: TraceBackend;
}

export interface TracedRun {
  runId: string;
  targetUrl: string;
  directory: string;
  /** The wall clock at the run's start. */
  epochMs: number;
  legs: readonly LegMeasurement[];
}

export interface RunTraces {
  /** Before the first request: bodies go into the run's folder from now on. Throws only when there is no folder to make one in. */
  begin(directory: string): Promise<void>;
  /** After the last request and when the samples' file is closed. Writes `spans.ndjson`. Never throws: what is incomplete is told in the outcome. */
  finish(run: TracedRun): Promise<Telemetry>;
}

const spansInOneBody = 1_000;
/** Of a server that cannot be asked to send: OpenTelemetry's exporters send every 5 s. */
const waitForStrangersMs = 6_000;
const sendTimeoutMs = 10_000;
/** Parse faults that are told one by one. */
const faultsTold = 3;

export function runTraces(sources: TraceSources): RunTraces {
  const { control, receiver, collector, backend } = sources;
  let before: TraceHealth | undefined;
  let fault: string | undefined;
  return {
    async begin(directory) {
      before = await healthBefore(control);
      if (!receiver) return;
      await mkdir(join(directory, bodiesFolder));
      fault = await receiver.writeTo(join(directory, bodiesFolder)).then(
        () => undefined,
        (error: unknown) => messageOf(error),
      );
    },
    async finish(run) {
      const notes = fault === undefined ? [] : [fault];
      const asked = askedSamples(run.legs);
      const wished = wishedSamples(run.legs, asked);
      const ids = traceIdsOf(asked);
      const server = control ? await emitAsked(control, before, ids, traceIdsOf(wished)) : unaskedServer;
      notes.push(...server.notes);
      if (receiver && !control) await new Promise((resolve) => setTimeout(resolve, waitForStrangersMs));
      const refused = await refusedBy(receiver, notes);
      const gathered = await gather(run, [...asked, ...wished], { received: receiver !== undefined, keepOwn: collector !== undefined }, notes);
      const sendFault = collector && (await send(collector, gathered.own));
      const driver = collector && { endpoint: collector.url, ...(sendFault !== undefined && { fault: sendFault }) };
      const away = receiver ? undefined : whereabouts({ server, hasBackend: backend !== undefined, ...(driver && { driver }) });
      notes.push(...(away?.notes ?? []));
      const traces = tracesOf(gathered.asked);
      const whole = ids.filter((id) => traces.get(id)?.faults.length === 0).length;
      const { dropped } = server;
      if (dropped > 0) notes.push(`${dropped} spans were dropped: in every trace a span that is not there says nothing`);
      if (refused > 0) notes.push(`${refused} bodies of spans were refused by the receiver`);
      const none = gathered.serverSpans === 0;
      if (receiver && none) notes.push("no traces were received from the server: here are the driver's spans alone");
      else if (receiver && whole < ids.length)
        notes.push(`${ids.length - whole} of the ${ids.length} traces that the report opens are incomplete${firstFault(ids, traces)}`);
      const received = none ? 'none' : whole === ids.length && dropped === 0 && refused === 0 && gathered.lost === 0 ? 'complete' : 'partial';
      return {
        traces: away?.traces ?? received,
        spans: gathered.spans,
        serverSpans: gathered.serverSpans,
        asked: ids.length,
        whole,
        dropped,
        restarted: run.legs.reduce((sum, leg) => sum + (leg.restartedTraces ?? 0), 0),
        ...(away?.endpoint !== undefined && { endpoint: away.endpoint }),
        ...(driver && { driverSpans: driver }),
        ...(backend && { backend }),
        notes,
      };
    },
  };
}

function traceIdsOf(samples: readonly Sample[]): string[] {
  return samples.flatMap(({ traceId }) => traceId ?? []);
}

function firstFault(ids: readonly string[], traces: ReturnType<typeof tracesOf>): string {
  for (const id of ids) {
    const trace = traces.get(id);
    if (trace === undefined) return `: nothing came of ${id}`;
    if (trace.faults.length > 0) return `: in ${id} ${trace.faults[0]}`;
  }
  return '';
}

async function refusedBy(receiver: ReceiverProcess | undefined, notes: string[]): Promise<number> {
  try {
    return (await receiver?.counts())?.refused ?? 0;
  } catch (error) {
    notes.push(messageOf(error));
    return 0;
  }
}

interface Gathered {
  spans: number;
  serverSpans: number;
  /** Spans of the traces that were asked for. */
  asked: FlatSpan[];
  /** The driver's own, where they are to be sent on. */
  own: FlatSpan[];
  /** Bodies that could not be read: their spans are lost. */
  lost: number;
}

/** Writes the file: what servers sent, then the driver's spans of the same traces. A trace's spans need not stand together. */
async function gather(
  run: TracedRun,
  asked: readonly Sample[],
  { received, keepOwn }: { received: boolean; keepOwn: boolean },
  notes: string[],
): Promise<Gathered> {
  const gathered: Gathered = { spans: 0, serverSpans: 0, asked: [], own: [], lost: 0 };
  const askedIds = new Set(asked.flatMap(({ traceId, sentTraceId }) => [traceId ?? '', sentTraceId ?? '']));
  const traceIds = new Set<string>();
  const note = (span: FlatSpan): void => {
    gathered.spans += 1;
    if (askedIds.has(span.traceId)) gathered.asked.push(span);
  };
  async function* all(): AsyncGenerator<FlatSpan> {
    for await (const span of received ? receivedSpans(join(run.directory, bodiesFolder), gathered, notes) : []) {
      gathered.serverSpans += 1;
      traceIds.add(span.traceId);
      note(span);
      yield span;
    }
    for await (const span of ownSpans(run, asked, received ? traceIds : undefined, notes)) {
      if (keepOwn) gathered.own.push(span);
      note(span);
      yield span;
    }
  }
  try {
    await writeSpans(join(run.directory, spansFileName), all());
    if (gathered.spans === 0) await rm(join(run.directory, spansFileName));
  } catch (error) {
    notes.push(`the spans could not be written: ${messageOf(error)}`);
  }
  return gathered;
}

async function* receivedSpans(folder: string, gathered: Gathered, notes: string[]): AsyncGenerator<FlatSpan> {
  let faults = 0;
  for (const name of (await readdir(folder)).toSorted()) {
    let spans: FlatSpan[];
    try {
      spans = await spansOfBody(join(folder, name));
    } catch (error) {
      faults += 1;
      gathered.lost += 1;
      if (faults <= faultsTold) notes.push(`${bodiesFolder}/${name} is no export of traces, its spans are lost: ${messageOf(error)}`);
      continue;
    }
    yield* spans;
  }
}

/** The driver's spans of the asked requests and of every request of these traces; with none given, of those that were sampled when they were sent. */
async function* ownSpans(run: TracedRun, asked: readonly Sample[], traceIds: ReadonlySet<string> | undefined, notes: string[]): AsyncGenerator<FlatSpan> {
  const done = new Set<string>();
  const spans = (sample: Sample): FlatSpan[] => {
    if (sample.clientSpanId === undefined || done.has(sample.clientSpanId)) return [];
    done.add(sample.clientSpanId);
    return clientSpans(sample, run.runId, run.epochMs, run.targetUrl);
  };
  for (const sample of asked) yield* spans(sample);
  const path = [samplesFileName, `${samplesFileName}.part`].map((name) => join(run.directory, name)).find((candidate) => existsSync(candidate));
  if (path === undefined || traceIds?.size === 0) return;
  // Parsing every line of a long run would take as long as the run: only those with a trace of interest are.
  const wanted = (line: string): boolean => (traceIds ? traceIds.has(traceIdIn(line)) : line.includes('"sampled":true'));
  try {
    for await (const sample of readSamples(path, wanted)) if (sample.kind === 'request') yield* spans(sample);
  } catch (error) {
    notes.push(`the driver's spans are incomplete: ${messageOf(error)}`);
  }
}

const traceIdKey = '"traceId":"';

function traceIdIn(line: string): string {
  const at = line.indexOf(traceIdKey);
  return at < 0 ? '' : line.slice(at + traceIdKey.length, at + traceIdKey.length + 32);
}

/** Why they are not all there; undefined: they are. */
async function send(collector: NonNullable<TraceSources['collector']>, spans: readonly FlatSpan[]): Promise<string | undefined> {
  const { url } = collector;
  try {
    for (let i = 0; i < spans.length; i += spansInOneBody) {
      const body = JSON.stringify(otlpOfSpans(spans.slice(i, i + spansInOneBody), { name: 'plumbline', version: plumblineVersion }));
      const headers = { ...collector.headers, 'content-type': 'application/json' };
      const response = await request(url, { method: 'POST', headers, body, headersTimeout: sendTimeoutMs, bodyTimeout: sendTimeoutMs });
      const text = await response.body.text();
      if (response.statusCode >= 300) throw new Error(`it answered ${response.statusCode}: ${text.slice(0, 200)}`);
    }
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
