import { readFile } from 'node:fs/promises';
import type { FlatSpan } from './flat-span.ts';
import { spansOfExport, spansOfOtlp } from './otlp-json.ts';

/** Of a run's directory: what its receiver was sent, a file a request. */
export const bodiesFolder = 'otlp';

/** The spans of one file of it. Throws on what is no export of traces. */
export async function spansOfBody(file: string): Promise<FlatSpan[]> {
  if (!file.endsWith('.pb')) return spansOfOtlp(await readFile(file, 'utf8'));
  const { decodeExport } = await import('./otlp-protobuf.ts');
  return spansOfExport(decodeExport(await readFile(file)));
}
