import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { dataPaths } from '../control/data-control.ts';
import { HttpError } from '../exchange.ts';
import { defaultSize, type SeedSize } from '../store/seed/size.ts';
import type { Store } from '../store/store.ts';
import type { Caller } from './caller.ts';

/** What a control port changes is changed in every tier, the innermost first: what one of them refuses is in force in none before it. */
const chained = new Set(['PUT /profile', 'POST /seed', 'POST /reset', 'POST /stall', 'POST /truth/reset']);

interface ControlAnswer {
  status: number;
  body: unknown;
}

/** The rows are in the services tier: a reset passes on to it. */
export interface DistantStore extends Pick<Store, 'reset' | 'size'> {
  size: Readonly<SeedSize>;
}

export function distantStore(): DistantStore {
  return { size: defaultSize, reset: () => Promise.resolve() };
}

/** Makes a tier's control port stand for the tiers behind it. @param tier the name of the next one */
export function chainControl(app: FastifyInstance, tier: string, next: Caller, store?: DistantStore): void {
  const ask = async (request: FastifyRequest): Promise<ControlAnswer> => {
    const type = request.headers['content-type'];
    const body =
      request.body === undefined || request.body === null ? undefined : typeof request.body === 'string' ? request.body : JSON.stringify(request.body);
    const { text } = await next.post('/control', { method: request.method, url: request.url, ...(body !== undefined && { type, body }) });
    return JSON.parse(text) as ControlAnswer;
  };
  // What only the tier with the data can tell is its own answer.
  for (const [method, url] of store ? dataPaths : []) {
    app.route({
      ...{ method, url },
      async handler(request, reply) {
        try {
          const { status, body } = await ask(request);
          return await reply.code(status).send(body);
        } catch (error) {
          return failed(reply, error);
        }
      },
    });
  }
  app.addHook('preHandler', async (request, reply) => {
    if (!chained.has(`${request.method} ${request.url}`)) return undefined;
    try {
      const { status, body } = await ask(request);
      if (status >= 300) return reply.code(status).send(body);
      if (store && request.url === '/reset') store.size = (body as { size: SeedSize }).size;
    } catch (error) {
      return failed(reply, error);
    }
    return undefined;
  });
  app.addHook('preSerialization', async (request, _reply, payload) => {
    if (`${request.method} ${request.url}` !== 'GET /truth') return payload;
    const { tiers, ...own } = await ask(request).then(
      ({ body }) => body as { tiers?: object },
      (error: unknown): { tiers?: object; fault: string } => ({ fault: error instanceof Error ? error.message : String(error) }),
    );
    return { ...(payload as object), tiers: { [tier]: own, ...tiers } };
  });
}

/** A tier that does not answer is told in its words. */
function failed(reply: FastifyReply, error: unknown): FastifyReply {
  if (!(error instanceof HttpError)) throw error;
  return reply.code(error.status).send({ type: 'error', error: { type: error.code, message: error.message } });
}
