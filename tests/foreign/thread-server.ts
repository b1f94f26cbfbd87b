import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An API that nobody wrote for plumbline: threads with posts in plain JSON, ids that are numbers, a token in a header, and none of our names. It is what `plumbline init --study` is written for. */
export interface ThreadServer {
  url: string;
  /** Posts that another one took the place of. */
  replaced: number;
  requests: string[];
  stop(): Promise<void>;
}

interface Post {
  nr: number;
  after: string;
  text: string;
  atMs: number;
}

/** @param onStale what a post behind a place that is taken does: it replaces what is there, or it is refused with the last one */
export async function startThreadServer({ lagMs, onStale }: { lagMs: number; onStale: 'replace' | 'refuse' }): Promise<ThreadServer> {
  const threads: Post[][] = [];
  let posts = 0;
  const state = { replaced: 0, requests: [] as string[] };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
    const path = request.url ?? '';
    state.requests.push(`${request.method} ${path}`);
    if (path === '/login') return answer(response, 200, { token: 'secret' });
    if (request.headers.authorization !== 'Bearer secret') return answer(response, 401, { error: 'who are you?' });
    if (path === '/threads') return answer(response, 201, { nr: threads.push([]) - 1 });
    const thread = threads[Number(/^\/threads\/(\d+)/.exec(path)?.[1])];
    if (!thread) return answer(response, 404, { error: 'no such thread' });
    if (request.method === 'GET') {
      const seen = thread.filter(({ atMs }) => atMs + lagMs <= performance.now());
      return answer(response, 200, { subject: 'plumbline', posts: seen.map(({ nr, text: said }) => ({ nr, said })) });
    }
    const after = String(body['after']);
    const taken = thread.filter((post) => post.after === after);
    if (taken.length > 0 && onStale === 'refuse') return answer(response, 409, { last: thread.at(-1)?.nr });
    state.replaced += taken.length;
    for (const post of taken) thread.splice(thread.indexOf(post), 1);
    posts += 1;
    thread.push({ nr: posts, after, text: String(body['text']), atMs: performance.now() });
    return answer(response, 201, { nr: posts });
  };
  const server = createServer((request, response) => void handle(request, response).catch((error: unknown) => response.destroy(error as Error)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get replaced() {
      return state.replaced;
    },
    requests: state.requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
