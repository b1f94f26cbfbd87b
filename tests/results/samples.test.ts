import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
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

/** The writer's file is a pipe: it takes as much as the test reads. */
async function slowDisk(): Promise<{ path: string; read(): Promise<string>; breakOff(): void }> {
  const path = join(directory, 'slow.zst');
  execFileSync('mkfifo', [`${path}.part`]);
  const pipe = createReadStream(`${path}.part`, { highWaterMark: 64 * 1_024 });
  pipe.pause();
  return {
    path,
    async read() {
      const chunks: Buffer[] = [];
      for await (const chunk of pipe) chunks.push(chunk as Buffer);
      return zstdDecompressSync(Buffer.concat(chunks)).toString('utf8');
    },
    breakOff: () => pipe.destroy(),
  };
}

/** Text that does not get smaller, about 1.6 KB a sample. */
const noise = (i: number): AnySample => sample({ journeyId: i, error: randomBytes(1_000).toString('base64') });
const idsOf = (text: string): number[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as AnySample).journeyId);

test('a disk that takes nothing for a while: the text is not made in advance, and no sample is lost', async () => {
  const disk = await slowDisk();
  const writer = writeSamples(disk.path);
  // The same objects again and again, further apart than zstd looks: what grows is text.
  const pool = Array.from({ length: 6_000 }, (_, i) => noise(i));
  const before = process.memoryUsage();
  const count = 60_000;
  for (let i = 0; i < count; i += 1) {
    writer.write(pool[i % pool.length] as AnySample);
    if (i % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const after = process.memoryUsage();
  // All of it would be 100 MB.
  expect((after.heapUsed + after.external - before.heapUsed - before.external) / 1_048_576).toBeLessThan(50);
  const [text, closed] = await Promise.all([disk.read(), writer.close()]);
  expect(closed).toEqual({ samples: count });
  expect(idsOf(text)).toHaveLength(count);
}, 60_000);

test('at the bound: what waited is written, nothing after it, and closing says how many of how many', async () => {
  const disk = await slowDisk();
  const mostWaiting = 2_000;
  const writer = writeSamples(disk.path, { mostWaiting });
  const count = 10_000;
  for (let i = 0; i < count; i += 1) {
    writer.write(noise(i));
    if (i % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const [text, said] = await Promise.all([
    disk.read(),
    writer.close().then(
      () => 'nothing',
      (error: Error) => error.message,
    ),
  ]);
  const ids = idsOf(text);
  // The first samples, without a hole; what was on its way to the disk comes on top of those that waited.
  expect(ids).toEqual(Array.from({ length: ids.length }, (_, i) => i));
  expect(ids.length).toBeGreaterThanOrEqual(mostWaiting);
  expect(ids.length).toBeLessThan(count);
  expect(said).toBe(
    `${disk.path}.part holds only the first ${ids.length} of ${count} samples: the disk was too slow, ${mostWaiting} were waiting for it; every figure of the report has them all`,
  );
  // Only a whole file has the name.
  expect(await readdir(directory)).toEqual(['slow.zst.part']);
}, 60_000);

test('a disk that fails while samples wait for it: closing ends, and says so', async () => {
  const disk = await slowDisk();
  const writer = writeSamples(disk.path);
  for (let i = 0; i < 5_000; i += 1) {
    writer.write(noise(i));
    if (i % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  disk.breakOff();
  await expect(writer.close()).rejects.toThrow(/cannot write the samples to .*slow\.zst\.part: EPIPE/);
}, 60_000);
