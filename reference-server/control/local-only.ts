const loopbackHosts = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * Why a request is no program's of this machine; undefined: it may pass. The port listens on loopback only, but a browser here can send whatever page
 * it shows: it names the page's host (after DNS rebinding), or says where the page is from (`origin`). Programs do neither.
 */
export function foreignFault({ host, origin }: { host?: string | undefined; origin?: string | undefined }): string | undefined {
  const name = host?.replace(/:\d+$/, '').toLowerCase();
  if (name === undefined || !loopbackHosts.has(name))
    return `the control port is for this machine: given the host "${host ?? ''}", expected 127.0.0.1, [::1] or localhost`;
  if (origin !== undefined) return `the control port is not for web pages: given the origin "${origin}", expected none`;
  return undefined;
}
