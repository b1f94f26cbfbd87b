import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ApiComment {
  id: number;
  body: string;
  user: { login: string; type: string };
}

/** The three calls of GitHub's API that the comment needs, on loopback, with its pages of 100. */
export interface GitHubApi {
  url: string;
  comments: ApiComment[];
  /** `GET /path`, in order. */
  calls: string[];
  /** Answers writes with 403, as to the token of a fork's pull request. */
  readOnly: boolean;
  close(): Promise<void>;
}

export async function startGitHubApi(): Promise<GitHubApi> {
  const api: GitHubApi = { url: '', comments: [], calls: [], readOnly: false, close: async () => undefined };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost');
    api.calls.push(`${request.method} ${url.pathname}`);
    const reply = (status: number, body: unknown): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    if (request.headers.authorization !== 'Bearer the-token') return reply(401, { message: 'Bad credentials' });
    if (request.method === 'GET' && url.pathname === '/repos/o/r/issues/7/comments') {
      const page = Number(url.searchParams.get('page') ?? 1);
      const size = Number(url.searchParams.get('per_page') ?? 30);
      return reply(200, api.comments.slice((page - 1) * size, page * size));
    }
    if (api.readOnly) return reply(403, { message: 'Resource not accessible by integration' });
    const { body } = JSON.parse(Buffer.concat(parts).toString() || '{}') as { body?: string };
    if (request.method === 'POST' && url.pathname === '/repos/o/r/issues/7/comments') {
      const comment = { id: 1_000 + api.comments.length, body: body ?? '', user: { login: 'github-actions[bot]', type: 'Bot' } };
      api.comments.push(comment);
      return reply(201, { ...comment, html_url: `https://github.example/${comment.id}` });
    }
    const comment = api.comments.find(({ id }) => request.method === 'PATCH' && url.pathname === `/repos/o/r/issues/comments/${id}`);
    if (!comment) return reply(404, { message: 'Not Found' });
    comment.body = body ?? '';
    reply(200, { ...comment, html_url: `https://github.example/${comment.id}` });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  api.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  api.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return api;
}
