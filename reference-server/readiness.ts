import type { ServerState } from './state.ts';

/** What `/readyz` answers: 503 with the code of why not; or 200, with what is not as it should be where something is. */
export async function readiness(state: Pick<ServerState, 'unready' | 'troubles'>): Promise<{ code: number; body: object }> {
  const unready = await state.unready();
  if (unready) return { code: 503, body: unready };
  const troubles = state.troubles.flatMap((trouble) => trouble() ?? []);
  return { code: 200, body: { status: 'ready', ...(troubles.length > 0 && { troubles }) } };
}
