const loopbackHosts = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * Why a request did not come from a page of this server or a program of this machine; undefined: it may pass. The port listens on loopback only, but a browser here sends
 * what any page tells it to: then the host is that page's (after DNS rebinding), or the origin is another.
 */
export function foreignFault({ host, origin }: { host?: string | undefined; origin?: string | undefined }): string | undefined {
  const name = host?.replace(/:\d+$/, '').toLowerCase();
  if (name === undefined || !loopbackHosts.has(name)) return `dash is for this machine: given the host "${host ?? ''}", expected 127.0.0.1, [::1] or localhost`;
  if (origin !== undefined && origin !== `http://${host}`) return `dash answers its own pages: given the origin "${origin}", expected http://${host}`;
  return undefined;
}
