import { Type } from 'typebox';
import type { EventStream, Exchange } from '../../exchange.ts';
import { dueMs } from '../../hop.ts';
import { orgParams } from '../schemas.ts';
import { noQuery } from '../no-query.ts';
import { sessionOf } from '../sessions.ts';
import type { Route } from '../route.ts';

/** One event and the end, when the whole draw is over: the hops' shares leave a part of it to whoever sends the last byte. */
function oneEvent(exchange: Exchange, event: Buffer): EventStream {
  return {
    start(sink) {
      exchange.spentMs = exchange.draw.totalMs;
      let timer: NodeJS.Timeout | undefined;
      const send = (): void => {
        const leftMs = dueMs(exchange) - performance.now();
        // A timer may fire up to 1 ms early: look again.
        if (leftMs > 0) {
          timer = setTimeout(send, leftMs);
          return;
        }
        sink.write(event);
        sink.end();
      };
      send();
      return { abort: () => clearTimeout(timer) };
    },
  };
}

export const mcpBootstrapRoute: Route = {
  operation: 'skills.mcp.bootstrap',
  summary: 'MCP servers of the organization: an event stream with one `server_list` event.',
  schema: {
    params: orgParams,
    querystring: noQuery,
    response: { 200: Type.String({ description: 'Server-sent events.', examples: ['event: server_list\ndata: {"type":"server_list","servers":[]}\n\n'] }) },
  },
  async handle(exchange, backends) {
    const { organizationId } = await sessionOf(exchange, backends);
    const rows = await backends.store(exchange, 'select mcp_servers', (db) =>
      db.selectFrom('mcp_servers').selectAll().where('organization_uuid', '=', organizationId).orderBy('name').limit(200).execute(),
    );
    const servers = rows.map(({ uuid, name, url, status, tool_count }) => ({ uuid, name, url, status, tool_count }));
    return { status: 200, stream: oneEvent(exchange, Buffer.from(`event: server_list\ndata: ${JSON.stringify({ type: 'server_list', servers })}\n\n`)) };
  },
};
