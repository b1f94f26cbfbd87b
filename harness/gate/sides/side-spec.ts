/** How a side is written: `git:main`, `dir:.`, `image:shop:1.4`, `cmd:node server.js --port {port}`, `profile:fast`, `url:http://127.0.0.1:3000`; or without a prefix, where only one of them fits. */
import { UsageError } from '../../usage-error.ts';

export type SideKind = 'git' | 'dir' | 'image' | 'cmd' | 'profile' | 'url' | 'results';

export interface SideSpec {
  kind: SideKind;
  /** Without its prefix. */
  value: string;
  /** As it was given. */
  given: string;
}

/** What is at hand where the gate runs; asked in this order, and only as far as needed. */
export interface Surroundings {
  isProfile(name: string): boolean;
  isFile(path: string): Promise<boolean>;
  isDirectory(path: string): Promise<boolean>;
  /** A directory that holds recorded epochs. */
  isResults(path: string): Promise<boolean>;
  isGitRef(ref: string): Promise<boolean>;
  isImage(name: string): Promise<boolean>;
}

const prefixes: readonly SideKind[] = ['git', 'dir', 'image', 'cmd', 'profile', 'url', 'results'];
const grammar = `a side is one of
  git:<ref>         a commit of this repository, in a worktree of its own (base: its merge base with head)
  dir:<folder>      a checkout as it is
  image:<name>      a container image
  cmd:<command>     a shell command; {port} is filled in, and PORT is set
  profile:<name>    the reference server with a shipped profile, or with a .yaml file
  url:<http://...>  a server that is up (advisory only: it cannot be started afresh)
  results:<folder>  the recorded epochs of a gate (both sides)`;

/** Throws UsageError `no_side` when nothing fits and `ambiguous_side` when several do. */
export async function parseSide(given: string, flag: string, around: Surroundings): Promise<SideSpec> {
  const text = given.trim();
  const [head = '', ...rest] = text.split(':');
  const prefix = prefixes.find((kind) => kind === head);
  if (prefix !== undefined && rest.length > 0) {
    const value = rest.join(':').trim();
    if (value === '') throw new UsageError('no_side', `${flag}: "${given}" has nothing behind its prefix; ${grammar}`);
    return { kind: prefix, value, given };
  }
  if (/^https?:\/\//.test(text)) return { kind: 'url', value: text, given };
  if (text === '') throw new UsageError('no_side', `${flag} is empty; ${grammar}`);
  if (/\s/.test(text)) return { kind: 'cmd', value: text, given };
  const kinds = await fittingKinds(text, around);
  const [only] = kinds;
  if (only === undefined) {
    throw new UsageError('no_side', `${flag}: "${given}" is no git ref, folder, image or profile here, and no URL or command with a space in it; ${grammar}`);
  }
  if (kinds.length > 1) {
    throw new UsageError('ambiguous_side', `${flag}: "${given}" can be ${kinds.map((kind) => `${kind}:${text}`).join(' or ')}; write which`);
  }
  return { kind: only, value: text, given };
}

async function fittingKinds(text: string, around: Surroundings): Promise<SideKind[]> {
  if (await around.isResults(text)) return ['results'];
  const kinds: SideKind[] = [];
  if (around.isProfile(text) || (/\.ya?ml$/.test(text) && (await around.isFile(text)))) kinds.push('profile');
  if (await around.isDirectory(text)) kinds.push('dir');
  if (await around.isGitRef(text)) kinds.push('git');
  // Slow, and most words are no image: only where nothing else fits.
  if (kinds.length === 0 && (await around.isImage(text))) kinds.push('image');
  return kinds;
}
