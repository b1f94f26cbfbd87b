import { UsageError } from '../usage-error.ts';
import type { Target } from './plan.ts';

/** What a request budget may be at most on a host that is not ours. */
const maxForeignBudget = 10_000_000;

/** Names that compose gives its services, and names of this machine. */
const ownHosts = new Set(['localhost', 'edge', 'reference-server', 'plumbline', 'host.docker.internal']);

export function isOwnHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return ownHosts.has(host) || host.endsWith('.localhost') || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/**
 * The target rule: loopback and compose hosts are free; any other host must be named with --allow-host and have a request budget.
 * Throws UsageError `bad_target`, `host_not_allowed` or `budget_missing`.
 */
export function checkTarget(text: string, allowHosts: readonly string[], maxRequests: number | undefined): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new UsageError('bad_target', `--target: "${text}" is not a URL; expected for example http://127.0.0.1:3000`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new UsageError('bad_target', `--target: "${text}" has the scheme "${url.protocol.slice(0, -1)}"; expected http or https`);
  }
  if (url.pathname !== '/' || url.search !== '' || url.username !== '') {
    throw new UsageError(
      'bad_target',
      `--target: "${text}" has more than an origin; give ${url.protocol}//${url.host} and put paths into the scenario's steps`,
    );
  }
  if (isOwnHost(url.hostname)) return url;
  if (!allowHosts.includes(url.hostname)) {
    throw new UsageError(
      'host_not_allowed',
      `--target: ${url.hostname} is not this machine; to load it, and only if you may, add --allow-host ${url.hostname} --max-requests <budget>`,
    );
  }
  if (maxRequests === undefined || maxRequests > maxForeignBudget) {
    throw new UsageError('budget_missing', `--target: ${url.hostname} is not this machine, so a budget is needed: --max-requests <1 to ${maxForeignBudget}>`);
  }
  return url;
}

/** Certificates are not checked on this machine's own hosts only. */
export function targetOf(url: URL, protocol: Target['protocol'], controlUrl?: string): Target {
  const target: Target = { url: url.origin, protocol, insecureTls: isOwnHost(url.hostname) };
  return controlUrl === undefined ? target : { ...target, controlUrl };
}
