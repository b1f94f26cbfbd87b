/** What tests with containers need: a daemon, the compose plugin, and images that may be stand-ins under the public names. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { missing, requireTool } from '../support/tools.ts';
import { root } from './parts.ts';

export const images = {
  node: 'node:26-bookworm-slim',
  collector: 'otel/opentelemetry-collector-contrib:0.152.0',
  jaeger: 'jaegertracing/all-in-one:1.76.0',
  prometheus: 'prom/prometheus:v2.42.0',
};

export function dockerSays(...args: string[]): { code: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync('docker', args, { encoding: 'utf8', cwd: root });
  return { code: status, text: `${stdout}${stderr}`.trim() };
}

/** The daemon answers and all images are here or can be pulled; else notes what is missing and says false. */
export function hasContainers(wanted: readonly string[]): boolean {
  if (requireTool('docker') === undefined) return false;
  if (dockerSays('version', '--format', '{{.Server.Version}}').code !== 0 || dockerSays('compose', 'version').code !== 0) {
    missing('docker', 'docker has no running daemon or no compose plugin; start dockerd, install the plugin');
    return false;
  }
  const lacking = wanted.filter((image) => dockerSays('image', 'inspect', image).code !== 0 && dockerSays('pull', '--quiet', image).code !== 0);
  if (lacking.length > 0) missing('docker', `images are not here and cannot be pulled: ${lacking.join(', ')}`);
  return lacking.length === 0;
}

/** Makes an image of the k6 that is installed, where this name is not here. Returns what removes it again. */
export async function standInOfK6(k6: string, image: string, folder: string): Promise<() => void> {
  if (dockerSays('image', 'inspect', image).code === 0) return () => undefined;
  const context = join(folder, 'k6-image');
  await mkdir(context);
  await copyFile(k6, join(context, 'k6'));
  await writeFile(join(context, 'Dockerfile'), 'FROM debian:bookworm-slim\nCOPY k6 /usr/bin/k6\nUSER 12345\nENTRYPOINT ["k6"]\n');
  const { code, text } = dockerSays('build', '--tag', image, context);
  if (code !== 0) throw new Error(`the image of k6 cannot be built: ${text}`);
  return () => void dockerSays('image', 'rm', image);
}

/** Certificates that this machine trusts beside the usual, for npm in an image build. */
export function addedCertificates(): string {
  const folder = '/usr/local/share/ca-certificates';
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.crt'))
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('\n');
  } catch {
    return '';
  }
}
