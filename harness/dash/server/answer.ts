import type { ServerResponse } from 'node:http';

const common = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
};

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { ...common, 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}

export function sendText(response: ServerResponse, type: string, body: string | Uint8Array, policy?: string, status = 200): void {
  response.writeHead(status, { ...common, 'content-type': type, ...(policy !== undefined && { 'content-security-policy': policy }) }).end(body);
}

/** As Prometheus says it, so that a page has one way to read faults. */
export function sendFault(response: ServerResponse, status: number, error: string): void {
  sendJson(response, status, { status: 'error', error });
}
