import { edge } from '../edge/edge.ts';
import type { Inside, ServerOptions } from '../server.ts';
import type { ServerState } from '../state.ts';
import { caller } from './caller.ts';
import { chainControl, distantStore } from './control-chain.ts';
import { publicAccount } from './public-account.ts';
import { remoteHop } from './remote-hop.ts';

/** The edge over a load balancer in another process. */
export function wireEdge(state: ServerState, { next: url }: ServerOptions): Inside {
  if (url === undefined) throw new Error('the edge tier needs the URL of lb');
  const { clock } = state;
  const next = caller('lb', url);
  const store = distantStore();
  const behind = publicAccount(remoteHop({ from: 'edge', caller: next, clock, onFault: (error) => state.onFault(error) }), state);
  return {
    hops: edge(behind, clock),
    store,
    clearCaches: async () => undefined,
    chain: (control) => chainControl(control, 'lb', next, store),
    close: () => next.close(),
  };
}
