import { Type } from 'typebox';
import { type Asset, assetsByName } from '../../../scenarios/assets.ts';
import { HttpError } from '../../exchange.ts';
import type { Backends, Route } from '../route.ts';
import { conditional } from './conditional.ts';
import { representationsOf, shellRepresentations } from './representation.ts';

const yearSeconds = 31_536_000;
/** Names without a hash. */
const daySeconds = 86_400;

const assetParams = Type.Object({ asset: Type.String({ pattern: '^[a-zA-Z0-9][a-zA-Z0-9._-]{0,119}$', examples: ['logo-missing.svg'] }) });
const notModified = Type.Null({ description: 'The client has it.' });

/** What the CDN of one server has asked its origin for since that server started. Backends are made once a server. */
const warmByServer = new WeakMap<Backends, Set<string>>();

/** MISS for the first request of an asset since the start, HIT from then on. */
function cacheStatus(backends: Backends, name: string): 'HIT' | 'MISS' {
  const warm = warmByServer.get(backends) ?? new Set<string>();
  warmByServer.set(backends, warm);
  if (warm.has(name)) return 'HIT';
  warm.add(name);
  return 'MISS';
}

function assetRoute(operation: Asset['operation'], summary: string, mediaType: string, example: string): Route {
  return {
    operation,
    summary,
    anonymous: true,
    schema: {
      params: { ...assetParams, properties: { asset: { ...assetParams.properties.asset, examples: [example] } } },
      response: { 200: Type.String({ contentMediaType: mediaType, description: 'The bytes of the asset.' }), 304: notModified },
    },
    handle(exchange, backends) {
      const asset = assetsByName.get(exchange.params['asset'] ?? '');
      if (!asset || asset.operation !== operation) return Promise.reject(new HttpError(404, 'not_found', 'no such asset'));
      const headers = {
        'content-type': asset.contentType,
        'cache-control': asset.immutable ? `public, max-age=${yearSeconds}, immutable` : `public, max-age=${daySeconds}`,
        'cf-cache-status': cacheStatus(backends, asset.name),
        'access-control-allow-origin': '*',
      };
      return Promise.resolve(conditional(exchange, representationsOf(asset), headers));
    },
  };
}

function exampleOf(operation: Asset['operation']): string {
  for (const asset of assetsByName.values()) if (asset.operation === operation) return asset.name;
  throw new Error(`scenarios/assets.ts has no asset for ${operation}`);
}

export const routes: readonly Route[] = [
  {
    operation: 'assets.shell',
    summary: 'The HTML shell. Made for each visit, so no cache may keep it without asking.',
    anonymous: true,
    schema: { response: { 200: Type.String({ contentMediaType: 'text/html', description: 'HTML.' }), 304: notModified } },
    handle: (exchange) =>
      Promise.resolve(
        conditional(exchange, shellRepresentations(), {
          'content-type': 'text/html; charset=utf-8',
          'cache-control': 'no-cache',
          'cf-cache-status': 'DYNAMIC',
        }),
      ),
  },
  assetRoute('assets.bundle', 'A script or style, named by its content.', 'text/javascript', exampleOf('assets.bundle')),
  assetRoute('assets.media', 'A font or image.', 'image/svg+xml', exampleOf('assets.media')),
];
