/** Models that the server knows. */

/** As captured on a conversation. */
export const defaultModel = 'claude-opus-4-5-20251101';

export const seededModels: readonly { model: string; displayName: string; contextTokens: number; maxOutputTokens: number }[] = [
  { model: defaultModel, displayName: 'Claude Opus 4.5', contextTokens: 200_000, maxOutputTokens: 64_000 },
  { model: 'claude-sonnet-4-5-20250929', displayName: 'Claude Sonnet 4.5', contextTokens: 200_000, maxOutputTokens: 64_000 },
  { model: 'claude-haiku-4-5-20251001', displayName: 'Claude Haiku 4.5', contextTokens: 200_000, maxOutputTokens: 64_000 },
];
