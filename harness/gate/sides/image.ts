/** A container image as a side: one container an epoch, its port published on loopback. */
import { docker, lastLine } from '../../stack/docker.ts';
import type { SideName } from '../types.ts';
import { processTreeCpuMs } from './process-cpu.ts';
import { lastWords, type RunningSide, SideFault } from './side.ts';
import { freePort, readiness } from './started-program.ts';

export interface ImageOptions {
  side: SideName;
  image: string;
  gateId: string;
  /** Inside the container; absent: the one that the image exposes, else 8080. PORT is set to it. */
  containerPort?: number;
  readyPath?: string;
  readyTimeoutMs: number;
}

export async function imageExists(image: string): Promise<boolean> {
  return (await docker(['image', 'inspect', '--format', '{{.Id}}', image]).catch(() => undefined))?.code === 0;
}

/** Its id and the port that it exposes. Throws SideFault, stage `build`. */
export async function inspectImage(side: SideName, image: string): Promise<{ id: string; port: number | undefined }> {
  // As JSON: of an image that exposes none, a template has no such entry and fails.
  const found = await docker(['image', 'inspect', '--format', '{{.Id}} {{json .Config}}', image]);
  if (found.code !== 0) throw new SideFault(side, 'build', `no image "${image}" here (${lastLine(found.stderr)}); build or pull it first`);
  const [id = '', ...config] = found.stdout.trim().split(' ');
  const { ExposedPorts: exposed } = JSON.parse(config.join(' ')) as { ExposedPorts?: Record<string, unknown> | null };
  const [first] = Object.keys(exposed ?? {});
  return { id, port: first === undefined ? undefined : Number.parseInt(first, 10) };
}

/** Throws SideFault, stage `start`, with the container's last words. */
export async function startContainer(options: ImageOptions, signal: AbortSignal): Promise<RunningSide> {
  const { side, image, gateId } = options;
  const port = await freePort();
  const inside = options.containerPort ?? 8080;
  const name = `plumbline-${gateId}-${side}-${port}`;
  const run = ['run', '--detach', '--name', name, '--label', 'plumbline.gate', '--publish', `127.0.0.1:${port}:${inside}`, '--env', `PORT=${inside}`, image];
  const started = await docker(run);
  const remove = async (): Promise<void> => {
    await docker(['rm', '--force', '--volumes', name]);
  };
  if (started.code !== 0) {
    await remove();
    throw new SideFault(side, 'start', `did not start: ${lastLine(started.stderr)}`);
  }
  const words = async (): Promise<string> => {
    const { stdout, stderr } = await docker(['logs', '--tail', '20', name]);
    return lastWords(`${stdout}\n${stderr}`);
  };
  let stopping = false;
  const exited = docker(['wait', name]).then(({ stdout }) => stdout.trim());
  const lost = new Promise<string>((resolve) => {
    void exited.then(async (code) => {
      if (!stopping) resolve(`its container ended by itself, with code ${code}; its last words: ${await words()}`);
    });
  });
  const stop = async (): Promise<void> => {
    stopping = true;
    await remove();
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    const fault = await Promise.race([readiness(url, options, signal), lost]);
    if (fault !== undefined)
      throw new SideFault(side, 'start', `did not start: ${fault}${fault.includes('last words') ? '' : `; its last words: ${await words()}`}`);
  } catch (error) {
    await stop();
    throw error;
  }
  const pid = Number((await docker(['inspect', '--format', '{{.State.Pid}}', name])).stdout.trim());
  return { url, lost, stop, cpuMs: () => processTreeCpuMs(pid) };
}
