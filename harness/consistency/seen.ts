/** What a read shows, by its text alone. Pure. */

/**
 * The marks in a text, in their order and as often as they are there; then those of the known answers' ids that stand as an id of their own (`"uuid": "..."`,
 * not as somebody's parent).
 */
export function seenIn(text: string, channels: readonly string[], answerIds: readonly string[]): string[] {
  const marks = text.match(new RegExp(`\\b(?:${channels.join('|')})-[0-9a-f]{12}\\b`, 'g')) ?? [];
  const ids = answerIds.length === 0 ? new Set<string>() : new Set([...text.matchAll(/"(?:uuid|id)"\s*:\s*"([^"]+)"/g)].map((match) => match[1] ?? ''));
  return [...marks, ...answerIds.filter((id) => ids.has(id))];
}

/** The value at a path such as `body.messages.0.uuid`; undefined where there is none. */
export function valueAt(body: unknown, path: string): unknown {
  let value: unknown = body;
  for (const part of path.replace(/^body\.?/, '').split('.')) {
    if (part === '') continue;
    if (value === null || typeof value !== 'object') return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

/** Undefined for what is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
