import type { DataLink, DataSourceRef } from './board.ts';
import { listOf, objectOf, textOf } from './json.ts';

export function parseDataSource(json: unknown): DataSourceRef | undefined {
  if (typeof json === 'string') return { uid: json };
  const { type, uid } = objectOf(json);
  if (typeof type !== 'string' && typeof uid !== 'string') return undefined;
  return { ...(typeof type === 'string' && { type }), ...(typeof uid === 'string' && { uid }) };
}

export function parseLinks(json: unknown): DataLink[] {
  return listOf(json).map((each) => {
    const link = objectOf(each);
    return { title: textOf(link['title']) ?? '', url: textOf(link['url']) ?? '', targetBlank: link['targetBlank'] === true };
  });
}
