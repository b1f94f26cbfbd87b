import { execFile } from 'node:child_process';
import { resolve } from 'node:path';

/** A k6 that answers. */
export interface K6Program {
  /** Absolute. */
  file: string;
  /** `1.8.1` */
  version: string;
}

export const howToGetK6 = 'install it (https://grafana.com/docs/k6/latest/set-up/install-k6/) and put it on PATH, or name its file in K6_BIN';
const answerTimeoutMs = 10_000;

/** The k6 at a path, with its version. Throws when what is there does not answer as k6 does. */
export async function k6At(path: string): Promise<K6Program> {
  const file = resolve(path);
  const said = await new Promise<string>((done) => {
    execFile(file, ['version'], { timeout: answerTimeoutMs }, (error, stdout) => done(error ? error.message : stdout));
  });
  const version = /^k6(?:\.exe)? v(\S+)/.exec(said)?.[1];
  if (version === undefined)
    throw new Error(
      `${path} is no k6: expected "k6 version" to answer "k6 v1.8.1 ...", got "${said.trim().split('\n')[0]?.slice(0, 200) ?? ''}"; ${howToGetK6}`,
    );
  return { file, version };
}
