import { createHash } from 'node:crypto';
import { brotliCompressSync, constants } from 'node:zlib';
import type { Asset } from '../../../scenarios/assets.ts';
import { binaryBytes, scriptBytes, styleBytes, vectorBytes } from './text.ts';
import { shellHtml } from './shell.ts';

/** The bytes of one asset in one encoding, with a strong tag of exactly these bytes. */
export interface Representation {
  bytes: Buffer;
  etag: string;
  encoding?: 'br';
}
export interface Representations {
  plain: Representation;
  /** Absent for formats that are compressed already. */
  brotli?: Representation;
}

/** As a build step compresses them: once. */
const quality = 5;

const magicByType: Readonly<Record<string, readonly number[]>> = {
  'font/woff2': [0x77, 0x4f, 0x46, 0x32],
  'image/png': [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  'image/x-icon': [0x00, 0x00, 0x01, 0x00],
};

function tagOf(bytes: Buffer): string {
  return `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;
}

function represented(bytes: Buffer, compressible: boolean): Representations {
  const plain: Representation = { bytes, etag: tagOf(bytes) };
  if (!compressible) return { plain };
  const encoded = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });
  return { plain, brotli: { bytes: encoded, etag: tagOf(encoded), encoding: 'br' } };
}

const made = new Map<string, Representations>();

/** Made at the first call and kept: the same bytes on every start. */
export function representationsOf(asset: Asset): Representations {
  const held = made.get(asset.name);
  if (held) return held;
  const magic = magicByType[asset.contentType];
  const result = magic ? represented(binaryBytes(asset.name, asset.bytes, magic), false) : represented(textOf(asset), true);
  made.set(asset.name, result);
  return result;
}

function textOf(asset: Asset): Buffer {
  if (asset.kind === 'script') return scriptBytes(asset.name, asset.bytes);
  if (asset.kind === 'style') return styleBytes(asset.name, asset.bytes);
  return vectorBytes(asset.name, asset.bytes);
}

let shell: Representations | undefined;

export function shellRepresentations(): Representations {
  shell ??= represented(Buffer.from(shellHtml(), 'latin1'), true);
  return shell;
}
