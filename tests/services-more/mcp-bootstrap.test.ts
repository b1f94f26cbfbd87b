import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { backends } from '../../reference-server/backends.ts';
import { lruCache } from '../../reference-server/cache/lru.ts';
import { DataAccount } from '../../reference-server/data-account.ts';
import type { Exchange } from '../../reference-server/exchange.ts';
import { inference } from '../../reference-server/inference/completion.ts';
import { constant } from '../../reference-server/latency/distribution.ts';
import { virtualClock } from '../../reference-server/latency/deadline-clock.ts';
import { drawRequest } from '../../reference-server/latency/draw.ts';
import { parseProfile } from '../../reference-server/latency/profile.ts';
import { observedPolicies } from '../../reference-server/policies.ts';
import { mcpBootstrapRoute } from '../../reference-server/services/skills/mcp-bootstrap.ts';
import { Replication } from '../../reference-server/store/replication/replication.ts';
import { openStore } from '../../reference-server/store/store.ts';
import { operationsByName } from '../../scenarios/operations.ts';

const profile = parseProfile('extends: instant\noperations:\n  skills.mcp.bootstrap: {total: 90ms}\n', { name: 'test' });

it('sends its event when the draw is over on the one deadline clock, and nothing once it is told to stop', async () => {
  const clock = virtualClock(5_000);
  const store = await openStore({ seed: 1, size: { conversations: 1, projects: 1, artifacts: 1 } });
  try {
    const organization = await store.db.selectFrom('organizations').select('uuid').executeTakeFirstOrThrow();
    const unused = { onEvent: () => undefined, onStream: () => undefined, onFault: () => undefined, stalledUntilMs: () => 0 };
    const noLag = { title: constant(0), content: constant(0) };
    const replication = await Replication.start({
      ...{ primary: store.db, replica: store.openReplica(), clock, lags: () => noLag, seed: () => 1, onLag: () => undefined, onFault: () => undefined },
    });
    const parts = backends({
      ...{ store, replication, policies: () => observedPolicies, account: new DataAccount(), onStaleRead: () => undefined },
      cache: lruCache(1, 1, () => clock.now()),
      clock,
      jobs: { expect: () => undefined },
      inference: inference({ clock, profile: () => profile, ...unused }),
    });
    const operation = operationsByName.get('skills.mcp.bootstrap');
    if (!operation) throw new Error('no such operation');
    const draw = drawRequest(profile, operation, 'k');
    const exchange = (): Exchange => ({
      ...{ operation, requestId: 'r', key: 'k', arrivedMs: 5_000, queuedMs: 10, workMs: 0, spentMs: 0, waitedMs: 0, workAdded: false },
      ...{ params: { org_uuid: organization.uuid }, query: {}, body: undefined, headers: {}, path: '/', trace: { traceId: '', sampled: false }, hops: [] },
      // The store's share of the draw is waited elsewhere: what is looked at here is the stream.
      draw: { ...draw, sharesMs: { ...draw.sharesMs, store: 0 } },
      session: { sessionId: 's', userId: 'u', organizationId: organization.uuid, organizationRole: 'user', deviceId: 'd' },
      socket: new Socket(),
    });
    const open = async (): Promise<{ sent: string[]; abort(): void }> => {
      const sent: string[] = [];
      const { stream } = await mcpBootstrapRoute.handle(exchange(), parts);
      const handle = stream?.start({ write: (events) => sent.push(String(events)) > 0, onDrain: () => undefined, end: () => void sent.push('end') });
      return { sent, abort: () => handle?.abort('client_abort') };
    };
    const one = await open();
    const other = await open();
    // Time on this clock stands still, whatever the machine's does.
    await new Promise((resolve) => setTimeout(resolve, 30));
    await clock.advance(99);
    expect(one.sent).toEqual([]);
    other.abort();
    await clock.advance(1);
    expect(one.sent).toEqual([expect.stringMatching(/^event: server_list\ndata: /), 'end']);
    expect(other.sent).toEqual([]);
    expect(clock.pending()).toBe(0);
  } finally {
    await store.close();
  }
});
