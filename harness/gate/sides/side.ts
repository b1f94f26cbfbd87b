import type { FlatSpan } from '../../telemetry/flat-span.ts';
import type { SideName } from '../types.ts';

/** What a side is, as far as results need it to be told apart from another. Plain data. */
export interface SideIdentity {
  kind: 'git' | 'directory' | 'image' | 'command' | 'profile' | 'url';
  /** As it was given. */
  given: string;
  /** For people: `main (merge base 3f9ac2d1)`. */
  label: string;
  /** git, and directories under git without changes. */
  commit?: string;
  /** `sha256:...` of an image. */
  imageId?: string;
  /** Directories, and commands run in one: the commit of the folder, and a hash of what differs from it. Absent: not under git. */
  changes?: string;
  /** How it is built and started: commands, flags, profile. Absent: recorded before this was kept. */
  how?: string;
}

/** Anything that can be started and gives a URL. Built when it exists; every start is a fresh one, except of a URL. */
export interface Side {
  readonly name: SideName;
  readonly identity: SideIdentity;
  /** False: a URL. It cannot be started again, so its epochs are not fresh, and it decides nothing. */
  readonly fresh: boolean;
  /** Resolves when it is ready. Throws SideFault. */
  start(signal: AbortSignal): Promise<RunningSide>;
  /** Gives back what building it took (a worktree). After it, it cannot be started. */
  remove(): Promise<void>;
}

export interface RunningSide {
  /** Origin. */
  readonly url: string;
  /** Of a reference server. */
  readonly controlUrl?: string;
  /** CPU time of its processes since their start; undefined where they cannot be seen. */
  cpuMs(): Promise<number | undefined>;
  /** Resolves with a sentence when it ends by itself. Never rejects. */
  readonly lost: Promise<string>;
  /** All that it has exported, once it has stopped. Absent: nobody asked it to. */
  spans?(): readonly FlatSpan[];
  /** Resolves when all of its processes have ended. */
  stop(): Promise<void>;
}

/** A side that is broken: it cannot be built, does not start, or ended by itself. */
export class SideFault extends Error {
  readonly side: SideName;
  readonly stage: 'build' | 'start' | 'run';
  constructor(side: SideName, stage: 'build' | 'start' | 'run', message: string) {
    super(`${side}: ${message}`);
    this.side = side;
    this.stage = stage;
  }
}

/** The end of what a program wrote, as one line. */
export function lastWords(text: string): string {
  return text.trim().split('\n').slice(-6).join(' | ').slice(-900) || 'it said nothing';
}
