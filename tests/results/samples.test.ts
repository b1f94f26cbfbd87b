import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSamples, writeSamples } from '../../harness/results/samples.ts';
import type { AnySample } from '../../harness/sample.ts';
import { journeySample, sample } from '../record/make-sample.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plumbline-samples-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function readAll(path: string): Promise<AnySample[]> {
  const all: AnySample[] = [];
  for await (const one of readSamples(path)) all.push(one);
  return all;
}

async function writeAll(path: string, samples: readonly AnySample[]): Promise<void> {
  const writer = writeSamples(path);
  for (const one of samples) writer.write(one);
  expect(await writer.close()).toEqual({ samples: samples.length });
}

test.each([0, 1, 63, 64, 65, 5_000])('%d samples come back as they were written', async (count) => {
  const path = join(directory, 's.zst');
  const samples: AnySample[] = Array.from({ length: count }, (_, i) =>
    i % 10 === 9 ? journeySample({ journeyId: i }) : sample({ journeyId: i, error: 'line one\nline "two" \u2028 é' }),
  );
  await writeAll(path, samples);
  expect(await readAll(path)).toEqual(samples);
  expect(await readdir(directory)).toEqual(['s.zst']);
});

test('until it is closed the file has another name', async () => {
  const path = join(directory, 's.zst');
  const writer = writeSamples(path);
  writer.write(sample({}));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await readdir(directory)).not.toContain('s.zst');
  await writer.close();
});

test('writing does not hold the loop: 20,000 samples at once leave timers running', async () => {
  const writer = writeSamples(join(directory, 's.zst'));
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, 1);
  for (let i = 0; i < 20_000; i += 1) writer.write(sample({ journeyId: i }));
  await writer.close();
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(5);
});

test('a file that was cut short gives what it holds, then says so', async () => {
  const path = join(directory, 's.zst');
  await writeAll(
    path,
    Array.from({ length: 50_000 }, (_, i) => sample({ journeyId: i, requestKey: `${Math.sin(i)}` })),
  );
  const whole = await readFile(path);
  await writeFile(path, whole.subarray(0, whole.length / 2));
  const seen: AnySample[] = [];
  await expect(async () => {
    for await (const one of readSamples(path)) seen.push(one);
  }).rejects.toThrow(/s\.zst ends early or is damaged/);
  expect(seen.length).toBeGreaterThan(1_000);
  expect(seen.length).toBeLessThan(50_000);
  expect(seen.every((one, i) => one.journeyId === i)).toBe(true);
});

test('what cannot be read or written is told with its path', async () => {
  await expect(readAll(join(directory, 'absent.zst'))).rejects.toThrow(/absent\.zst ends early or is damaged: ENOENT/);
  await writeFile(join(directory, 'text.zst'), 'this is no zstd');
  await expect(readAll(join(directory, 'text.zst'))).rejects.toThrow(/text\.zst ends early or is damaged/);
  const writer = writeSamples(join(directory, 'no', 'such', 'place.zst'));
  writer.write(sample({}));
  await expect(writer.close()).rejects.toThrow(/cannot write the samples to .*place\.zst\.part: ENOENT/);
});

test('a reader that stops early lets go of the file', async () => {
  const path = join(directory, 's.zst');
  await writeAll(
    path,
    Array.from({ length: 10_000 }, (_, i) => sample({ journeyId: i })),
  );
  for await (const one of readSamples(path)) {
    expect(one.journeyId).toBe(0);
    break;
  }
});
