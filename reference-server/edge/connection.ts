import type { ServerResponse } from 'node:http';
import { constants, type ServerHttp2Stream } from 'node:http2';

/** HTTP/2's compatible response has the same calls, and its stream. */
type Response = ServerResponse & { stream?: ServerHttp2Stream };

/** The client has closed its end of the response, or of the whole connection. */
export function isGone(response: ServerResponse): boolean {
  const { stream } = response as Response;
  if (stream) return stream.destroyed || stream.closed;
  return response.destroyed || response.req.socket.destroyed;
}

/** What the responses of one connection share: its socket, on HTTP/2 its session. Always the same object (there, `socket` is one of each request). */
export function connectionOf(response: ServerResponse): object {
  const { stream } = response as Response;
  return stream ? (stream.session ?? stream) : response.req.socket;
}

/** Ends a response in its middle so that no client takes it for a whole one. On HTTP/2 a plain `destroy()` resets without an error, which clients read as its end. */
export function cutOff(response: ServerResponse): void {
  (response as Response).stream?.close(constants.NGHTTP2_INTERNAL_ERROR);
  response.destroy();
}
