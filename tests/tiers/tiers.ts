/** The four tiers on ports of their own, in this process: what joins them is HTTP all the same. */
import { type RunningServer, type ServerOptions, startServer } from '../../reference-server/server.ts';

export interface Tiers extends RunningServer {
  inner: { lb: RunningServer; services: RunningServer; inference: RunningServer };
}

export async function startTiers(options: ServerOptions = {}): Promise<Tiers> {
  const { data, size, otlp, otlpTraces: _traces, ...common } = { profile: 'instant', ...options };
  const inside = { profile: common.profile, ...(common.seed !== undefined && { seed: common.seed }) };
  const started: RunningServer[] = [];
  const start = async (given: ServerOptions): Promise<RunningServer> => {
    const server = await startServer(given);
    started.unshift(server);
    return server;
  };
  const inference = await start({ ...inside, tier: 'inference' });
  const services = await start({ ...inside, tier: 'services', inference: inference.url, ...(data !== undefined && { data }), ...(size && { size }) });
  const lb = await start({ ...inside, tier: 'lb', next: services.url });
  const edge = await start({ ...common, tier: 'edge', next: lb.url, ...(otlp !== undefined && { otlp }) });
  return {
    ...edge,
    inner: { lb, services, inference },
    async stop(stopOptions) {
      for (const server of started) await server.stop(stopOptions);
    },
  };
}
