import { randomBytes } from 'node:crypto';

/**
 * A run's id, also the name of its directory: `20261123-094905-page-load-3f9a`. Time in UTC, so that names sort by start; the last part tells runs apart that
 * start in the same second.
 * @param label what was run, usually the scenario's name or names; anything but letters, digits and dashes becomes a dash
 */
export function newRunId(label: string, startedAt: Date, suffix: string = randomBytes(2).toString('hex')): string {
  const [date = '', time = ''] = startedAt.toISOString().split('T');
  const name = label
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 60)
    .replace(/-+$/, '');
  return `${date.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${name === '' ? 'run' : name}-${suffix}`;
}
