/** Runs one k6 process: its points as they come, one clear error when it fails, and a stop that never leaves it behind. */
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { lineCutter, type Point, pointOf } from './points.ts';

/** k6's documented exit codes that are no failure here. */
const exitCodes = { ok: 0, interrupted: 105, abortedByScript: 108 } as const;
const stopGraceMs = 1_500;

export interface ProgramEnd {
  interrupted: boolean;
  /** The script stopped the test: its reason. */
  abortedByScript?: string;
}

/**
 * Resolves when k6 has ended; throws with k6's own first error in one line when it failed, and when iterations of the script threw.
 * On `signal`: SIGINT once, and after a grace the process is killed.
 */
export async function runK6(
  program: { file: string; args: string[]; folder: string; http2: boolean; env?: Readonly<Record<string, string>> },
  signal: AbortSignal,
  onPoint: (point: Point) => void,
): Promise<ProgramEnd> {
  // An environment of its own: a K6_VUS or HTTP_PROXY of the user's would change the load unseen.
  const env: Record<string, string> = {
    HOME: program.folder,
    PATH: `${dirname(program.file)}:/usr/local/bin:/usr/bin:/bin`,
    K6_NO_USAGE_REPORT: 'true',
    // Go's collector runs less often, up to a limit: at 500/s it took a fifth of k6's CPU.
    GOGC: '300',
    GOMEMLIMIT: '1GiB',
    ...program.env,
  };
  if (!program.http2) env['GODEBUG'] = 'http2client=0';
  const child = spawn(program.file, program.args, { cwd: program.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const messages: { level: string; text: string }[] = [];
  let fault: unknown;

  const stop = (): void => {
    child.kill('SIGINT');
    killTimer = setTimeout(() => child.kill('SIGKILL'), stopGraceMs);
  };
  let killTimer: NodeJS.Timeout | undefined;

  const lines = lineCutter((line) => {
    if (fault !== undefined) return;
    try {
      const point = pointOf(line);
      if (point) onPoint(point);
    } catch (error) {
      // A line cut by a kill is no fault.
      if (signal.aborted) return;
      fault = error;
      stop();
    }
  });
  const logs = lineCutter((line) => {
    const message = messageOf(line);
    if (message && messages.length < 200) messages.push(message);
  });
  child.stdout.setEncoding('utf8').on('data', lines.push).on('end', lines.end);
  child.stderr.setEncoding('utf8').on('data', logs.push).on('end', logs.end);

  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  try {
    const code = await new Promise<number | null>((done, failed) => {
      child.once('error', (error) => failed(new Error(`k6 could not be started: ${error.message}`)));
      child.once('close', done);
    });
    if (fault !== undefined) throw fault;
    if (signal.aborted) return { interrupted: true };
    const errors = messages.filter(({ level }) => level === 'error' || level === 'fatal' || level === 'panic');
    if (code === exitCodes.abortedByScript) return { interrupted: true, abortedByScript: errors[0]?.text ?? 'the script stopped the test' };
    if (code === exitCodes.interrupted) return { interrupted: true };
    const first = (errors[0] ?? messages[0])?.text;
    if (code !== exitCodes.ok) throw new Error(`k6 failed (exit code ${code ?? 'none: killed'}): ${first ?? 'it said nothing'}`);
    if (errors.length > 0) throw new Error(`k6 ran, but its script failed ${errors.length === 200 ? 'at least 200' : errors.length} times: ${first}`);
    return { interrupted: false };
  } finally {
    signal.removeEventListener('abort', stop);
    clearTimeout(killTimer);
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
}

/** A line of k6's JSON log, on one line and without the stack; a line of another form as it is. */
function messageOf(line: string): { level: string; text: string } | undefined {
  if (line.trim() === '') return undefined;
  try {
    const { level, msg, error } = JSON.parse(line) as { level?: string; msg?: string; error?: string };
    const text = [msg, error].filter((part) => part !== undefined && part !== '').join(': ');
    return {
      level: level ?? 'error',
      text: text
        .replace(/\s*\n\s*/g, ' ')
        .trim()
        .slice(0, 500),
    };
  } catch {
    return { level: 'info', text: line.trim().slice(0, 500) };
  }
}
