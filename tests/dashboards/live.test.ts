/** The boards on a real run: real server, collector, Jaeger and Prometheus. One set-up for all of it, since it takes a minute and a half. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Live, liveTools, startLive } from './live.ts';

const tools = liveTools();

describe.skipIf(tools === undefined)('the boards on a real run', () => {
  let live: Live;
  beforeAll(async () => {
    if (tools) live = await startLive(tools);
  }, 240_000);
  afterAll(() => live?.stop());

  it('both runs have all their legs, and Prometheus has seen the end of both', async () => {
    expect(live.main.run.legs.map(({ id }) => id).sort()).toEqual(['chat-session/native', 'crud/native', 'page-load/native', 'sse/native']);
    expect(live.main.run.legs.flatMap(({ failure }) => failure ?? [])).toEqual([]);
    expect(live.base.run.legs).toHaveLength(2);
  });
});
