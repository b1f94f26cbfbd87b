import { Type } from 'typebox';
import type { EventStream, Exchange } from '../../exchange.ts';
import { orgParams } from '../schemas.ts';
import { noQuery } from '../no-query.ts';
import { sessionOf } from '../sessions.ts';
import type { Backends, Route } from '../route.ts';

/** One event and the end, when the whole draw is over: the hops' shares leave a part of it to whoever sends the last byte. */
function oneEvent(exchange: Exchange, backends: Backends, event: Buffer): EventStream {
  return {
    start(sink) {
      const timer = backends.whenDue(exchange, () => {
        sink.write(event);
        sink.end();
      });
      return { abort: () => timer.cancel() };
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
    return {
      status: 200,
      stream: oneEvent(exchange, backends, Buffer.from(`event: server_list\ndata: ${JSON.stringify({ type: 'server_list', servers })}\n\n`)),
    };
  },
};
