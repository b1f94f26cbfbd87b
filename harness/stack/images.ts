/** Gets the stack's images: looks, pulls or builds, and tells how far it is. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../usage-error.ts';
import { compose, docker, lastLine } from './docker.ts';
import type { DeclaredService } from './services.ts';

/** Where Debian and its kin keep certificates that an administrator added. */
const ownCertificates = '/usr/local/share/ca-certificates';
const wordsShown = 15;

/** With `--no-build`: throws UsageError `no_image` for an image that only a build can bring. */
export async function checkBuiltImage({ image }: DeclaredService): Promise<void> {
  if (!(await isHere(image)))
    throw new UsageError('no_image', `the image ${image} is not here, and --no-build says not to build it; leave --no-build away, or load it: docker load`);
}

export async function getImage({ name, image }: DeclaredService, say: (line: string) => void): Promise<void> {
  if (await isHere(image)) {
    say(`image     ${image} is here`);
    return;
  }
  say(`image     ${image} is pulled`);
  const progress = pullProgress();
  const { code, stderr } = await docker(['pull', image], (line) => {
    const news = progress(line);
    if (news !== undefined) say(`          ${news}`);
  });
  if (code !== 0) {
    throw new UsageError(
      'no_image',
      `the image ${image} (${name}) cannot be pulled: ${lastLine(stderr)}; check the connection to its registry, or load it from elsewhere: docker load, docker tag`,
    );
  }
}

export async function buildImage({ name, image }: DeclaredService, certificatesGiven: boolean, say: (line: string) => void): Promise<void> {
  say(`building  ${image}`);
  const certificates = certificatesGiven ? '' : await addedCertificates();
  const { code, stdout, stderr } = await compose(
    [],
    ['--progress', 'plain', 'build', ...(certificates === '' ? [] : ['--build-arg', `EXTRA_CA=${certificates}`]), name],
    (line) => {
      const step = buildStep(line);
      if (step !== undefined) say(`          ${step}`);
    },
  );
  if (code === 0) return;
  const words = `${stdout}\n${stderr}`.trim().split('\n').slice(-wordsShown).join('\n  ');
  throw new UsageError(
    'build_failed',
    `the image ${image} cannot be built:\n  ${words}\nIt needs the npm registry: behind a proxy give its certificates with STACK_EXTRA_CA="$(cat proxy.pem)", or the host's network with STACK_BUILD_NETWORK=host`,
  );
}

async function isHere(image: string): Promise<boolean> {
  return (await docker(['image', 'inspect', '--format', '{{.Id}}', image])).code === 0;
}

/** Takes the lines of `docker pull` without a terminal, one after another, and tells of each layer that is there. */
export function pullProgress(): (line: string) => string | undefined {
  const layers = new Set<string>();
  const there = new Set<string>();
  return (line) => {
    const [, layer = '', news = ''] = /^([0-9a-f]{6,}): (.+)$/.exec(line.trim()) ?? [];
    if (layer === '') return undefined;
    layers.add(layer);
    if (news !== 'Pull complete' && news !== 'Already exists') return undefined;
    there.add(layer);
    return `${there.size} of ${layers.size} layers`;
  };
}

/** The step that a line of a build's plain output begins, of either builder: `[3/9] RUN npm ci`. */
export function buildStep(line: string): string | undefined {
  // BuildKit names its stage, too; the lines that follow a step repeat only its number.
  const [, place, what] = /^#\d+ \[(?:[^\]]*\s)?(\d+\/\d+)\] (.+)$/.exec(line) ?? /^Step (\d+\/\d+) : (.+)$/.exec(line) ?? [];
  return place === undefined || what === undefined ? undefined : `[${place}] ${what.slice(0, 100)}`;
}

/** What this machine trusts beside the usual, the build trusts, too: else npm cannot get through the proxy that this machine gets through. PEM, or empty. */
async function addedCertificates(): Promise<string> {
  const names = await readdir(ownCertificates).catch((): string[] => []);
  const texts = await Promise.all(names.filter((name) => name.endsWith('.crt')).map((name) => readFile(join(ownCertificates, name), 'utf8')));
  return texts.join('\n');
}
