/** From what was written to sides that can be started: everything is built here, before anything is measured. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { checkTarget } from '../../plan/target.ts';
import { serverMainFile } from '../../server-process.ts';
import { UsageError } from '../../usage-error.ts';
import type { SideName } from '../types.ts';
import { installDependencies, ownMainFile } from './checkout.ts';
import { commitOf, git, isDirty, mergeBase, stateOf } from './git.ts';
import { imageExists, inspectImage, startContainer } from './image.ts';
import { referenceSide } from './reference-side.ts';
import { type RunningSide, type Side, type SideIdentity, SideFault } from './side.ts';
import type { SideSpec, Surroundings } from './side-spec.ts';
import { openSpanIntake, withSpans } from './span-intake.ts';
import { freePort, startProgram } from './started-program.ts';

export interface SideOptions {
  /** Where the gate runs: refs and relative paths are of here. */
  cwd: string;
  gateId: string;
  /** Of the reference server; the shipped name, or a file. */
  profile: string;
  /** Shell commands of checkouts. */
  install?: string;
  start?: string;
  readyPath?: string;
  readyTimeoutMs: number;
  containerPort?: number;
  allowHosts: readonly string[];
  maxRequests?: number;
  /** Further flags of the reference server, a side: `--slow`. */
  serverFlags: Record<SideName, readonly string[]>;
  /** Names of variables that nothing of a side gets of our environment: the tokens of a build are not for the code that it judges. */
  withheld?: readonly string[];
  /** A side that is a command or a checkout is told to export its spans to the gate. */
  takesSpans?: boolean;
  /** What lies there is no change of a side's. */
  resultsRoot?: string;
  say(line: string): void;
}

export type SideSpecs = Record<SideName, SideSpec>;

/** What is at hand around a folder. */
export function surroundings(cwd: string): Surroundings {
  const found = (path: string): Promise<Awaited<ReturnType<typeof stat>> | undefined> => stat(resolve(cwd, path)).catch(() => undefined);
  return {
    isProfile: (name) => existsSync(join(dirname(serverMainFile()), 'latency', 'profiles', `${basename(name)}.yaml`)) && basename(name) === name,
    isFile: async (path) => (await found(path))?.isFile() === true,
    isDirectory: async (path) => (await found(path))?.isDirectory() === true,
    isResults: async (path) => (await found(join(path, 'epochs')))?.isDirectory() === true,
    isGitRef: async (ref) => (await commitOf(cwd, ref).catch(() => undefined)) !== undefined,
    isImage: (name) => imageExists(name),
  };
}

/** Builds both, base first. What was built is removed again when one of them cannot be. Throws SideFault, stage `build`, or UsageError. */
export async function openSides(specs: SideSpecs, options: SideOptions, signal: AbortSignal): Promise<Record<SideName, Side>> {
  const open = async (name: SideName): Promise<Side> => {
    const { kind } = specs[name];
    if (options.takesSpans && (kind === 'image' || kind === 'url'))
      options.say(`${name}: no spans are taken of ${kind === 'url' ? 'a URL' : 'an image'}, which the gate cannot tell where to send them`);
    const side = await openSide(name, specs, options, signal);
    return { ...side, identity: { ...side.identity, how: howOf(name, specs[name], options) } };
  };
  const base = await open('base');
  try {
    return { base, head: await open('head') };
  } catch (error) {
    await base.remove();
    throw error;
  }
}

/** What of the flags has a part in how the side is built and started, so that epochs of two ways are not taken for one. */
function howOf(name: SideName, { kind }: SideSpec, { install, start, readyPath, containerPort, profile, serverFlags }: SideOptions): string {
  const checkout = kind === 'git' || kind === 'dir';
  const parts = {
    ...(checkout && { install, start }),
    ...(kind === 'image' && { containerPort }),
    ...(checkout || kind === 'cmd' || kind === 'image' ? { readyPath } : {}),
    ...(checkout && start === undefined && { profile }),
    ...((checkout || kind === 'profile') && { flags: serverFlags[name].join(' ') }),
  };
  return Object.entries(parts)
    .flatMap(([part, value]) => (value === undefined || value === '' ? [] : [`${part}: ${value}`]))
    .join('; ');
}

async function openSide(name: SideName, specs: SideSpecs, options: SideOptions, signal: AbortSignal): Promise<Side> {
  const spec = specs[name];
  const { value, given } = spec;
  const nothing = async (): Promise<void> => undefined;
  switch (spec.kind) {
    case 'profile':
      return referenceSide({
        name,
        identity: { kind: 'profile', given, label: `profile ${value}` },
        profile: value,
        flags: options.serverFlags[name],
        ...withheldOf(options),
        remove: nothing,
      });
    case 'cmd': {
      const changes = await stateOf(options.cwd, options.resultsRoot === undefined ? undefined : resolve(options.cwd, options.resultsRoot));
      const identity: SideIdentity = { kind: 'command', given, label: value, ...(changes !== undefined && { changes }) };
      return programSide(name, identity, { folder: options.cwd, command: value }, options, nothing);
    }
    case 'image': {
      const { id, port } = await inspectImage(name, value);
      const containerPort = options.containerPort ?? port;
      return {
        name,
        identity: { kind: 'image', given, label: value, imageId: id },
        fresh: true,
        start: (stop) => startContainer({ side: name, image: value, ...options, ...(containerPort !== undefined && { containerPort }) }, stop),
        remove: nothing,
      };
    }
    case 'url': {
      const url = checkTarget(value, options.allowHosts, options.maxRequests).origin;
      const running = { url, lost: new Promise<string>(() => undefined), cpuMs: async () => undefined, stop: nothing };
      return { name, identity: { kind: 'url', given, label: url }, fresh: false, start: async () => running, remove: nothing };
    }
    case 'dir':
      return directorySide(name, spec, options, signal);
    case 'git':
      return gitSide(name, specs, options, signal);
    case 'results':
      throw new UsageError('mixed_sides', `--${name} ${given} holds recorded epochs: give such a folder for --base and for --head`);
  }
}

async function directorySide(name: SideName, { value, given }: SideSpec, options: SideOptions, signal: AbortSignal): Promise<Side> {
  const folder = resolve(options.cwd, value);
  if (!existsSync(folder)) throw new SideFault(name, 'build', `no folder ${folder}`);
  await installDependencies({ side: name, folder, installed: undefined, install: options.install, say: options.say, ...withheldOf(options) }, signal);
  const commit = await commitOf(folder, 'HEAD').catch(() => undefined);
  const dirty = commit !== undefined && (await isDirty(folder));
  const state = commit === undefined ? '' : ` (${commit.slice(0, 8)}${dirty ? ' with changes' : ''})`;
  const changes = await stateOf(folder, options.resultsRoot === undefined ? undefined : resolve(options.cwd, options.resultsRoot));
  const identity: SideIdentity = {
    ...{ kind: 'directory', given, label: `${value}${state}` },
    ...(commit !== undefined && !dirty && { commit }),
    ...(changes !== undefined && { changes }),
  };
  return checkoutSide(name, identity, folder, options, async () => undefined);
}

async function gitSide(name: SideName, specs: SideSpecs, options: SideOptions, signal: AbortSignal): Promise<Side> {
  const { value, given } = specs[name];
  const { cwd } = options;
  const root = (await git(cwd, 'rev-parse', '--show-toplevel')).stdout;
  const tip = root === '' ? undefined : await commitOf(cwd, value);
  if (tip === undefined) throw new SideFault(name, 'build', `git has no commit "${value}" in ${cwd}; in a clone of one branch, fetch it first`);
  let commit = tip;
  if (name === 'base') {
    const other = specs.head.kind === 'git' ? await commitOf(cwd, specs.head.value) : await commitOf(cwd, 'HEAD');
    // The base is what head was made from: what base's branch has got since is no change of head's.
    if (other !== undefined) commit = await mergeBase(cwd, tip, other);
  }
  const folder = await mkdtemp(join(tmpdir(), `plumbline-${name}-`));
  const remove = async (): Promise<void> => {
    await git(root, 'worktree', 'remove', '--force', folder);
    await rm(folder, { recursive: true, force: true });
    await git(root, 'worktree', 'prune');
  };
  try {
    const added = await git(root, 'worktree', 'add', '--detach', '--force', folder, commit);
    if (added.code !== 0) throw new SideFault(name, 'build', `git worktree: ${added.stderr}`);
    await installDependencies({ side: name, folder, installed: root, install: options.install, say: options.say, ...withheldOf(options) }, signal);
    const label = `${value} (${commit === tip ? '' : 'merge base '}${commit.slice(0, 8)})`;
    return await checkoutSide(name, { kind: 'git', given, label, commit }, folder, options, remove);
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Plumbline's own checkout is started as a reference server, anybody else's by its command. */
async function checkoutSide(name: SideName, identity: SideIdentity, folder: string, options: SideOptions, remove: () => Promise<void>): Promise<Side> {
  const mainFile = options.start === undefined ? await ownMainFile(folder) : undefined;
  if (mainFile === undefined) return programSide(name, identity, { folder, command: options.start ?? 'npm start' }, options, remove);
  return referenceSide({ name, identity, profile: options.profile, mainFile, flags: options.serverFlags[name], ...withheldOf(options), remove });
}

function programSide(
  name: SideName,
  identity: SideIdentity,
  program: { folder: string; command: string },
  options: SideOptions,
  remove: () => Promise<void>,
): Side {
  const { readyPath, readyTimeoutMs } = options;
  return {
    name,
    identity,
    fresh: true,
    start: async (signal) => {
      const ready = { readyTimeoutMs, ...(readyPath !== undefined && { readyPath }) };
      const start = async (variables: readonly string[]): Promise<RunningSide> =>
        startProgram({ side: name, ...program, port: await freePort(), variables, ...ready, ...withheldOf(options) }, signal);
      if (!options.takesSpans) return start([]);
      const intake = await openSpanIntake();
      try {
        return withSpans(await start(intake.variables), intake);
      } catch (error) {
        await intake.close();
        throw error;
      }
    },
    remove,
  };
}

function withheldOf({ withheld }: SideOptions): Pick<SideOptions, 'withheld'> {
  return withheld === undefined ? {} : { withheld };
}
