/** What the compose file declares, and what of it is up. */
import { readFile } from 'node:fs/promises';
import { UsageError } from '../usage-error.ts';
import { compose, composeFile, lastLine, type StackProfile } from './docker.ts';

export interface DeclaredService {
  name: string;
  image: string;
  /** Built here, not pulled. */
  built: boolean;
  ports: { published: number; target: number }[];
}

/** The server's tiers, from the outside in; each is a service. */
export const tierServices: readonly string[] = ['edge', 'lb', 'services', 'inference'];

export interface ServiceState {
  name: string;
  container: string;
  /** As docker says it: `running`, `exited`, `restarting`, ... */
  state: string;
  /** What a check inside the container says; absent: there is none. */
  health?: string;
  exitCode: number;
  /** Port on loopback, by port in the container. */
  ports: Map<number, number>;
}

/** Throws UsageError `bad_compose` when docker does not take the file with the variables that are set. */
export async function declaredServices(profile: StackProfile): Promise<DeclaredService[]> {
  const { code, stdout, stderr } = await compose([profile], ['config', '--format', 'json']);
  if (code !== 0)
    throw new UsageError('bad_compose', `docker compose does not take docker-compose.yml: ${lastLine(stderr)}; look at the STACK_ variables that are set`);
  interface Declared {
    image?: string;
    build?: object;
    ports?: { published?: string; target: number }[];
  }
  const { services } = JSON.parse(stdout) as { services: Record<string, Declared> };
  return Object.entries(services).map(([name, { image = name, build, ports = [] }]) => ({
    name,
    image,
    built: build !== undefined,
    ports: ports.map(({ published, target }) => ({ published: Number(published), target })),
  }));
}

/** Containers of the stack, stopped ones too. Empty: nothing is up. */
export async function serviceStates(): Promise<ServiceState[]> {
  const { code, stdout, stderr } = await compose([], ['ps', '--all', '--format', 'json']);
  if (code !== 0) throw new UsageError('bad_compose', `docker compose cannot say what is up: ${lastLine(stderr)}`);
  return parseStates(stdout);
}

/** @param text one object a line (Compose from 2.21), or one array */
export function parseStates(text: string): ServiceState[] {
  interface Listed {
    Service: string;
    Name: string;
    State: string;
    Health?: string;
    ExitCode?: number;
    Publishers?: { TargetPort: number; PublishedPort: number }[] | null;
  }
  const trimmed = text.trim();
  const listed = trimmed.startsWith('[')
    ? (JSON.parse(trimmed) as Listed[])
    : trimmed.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Listed]));
  return listed.map(({ Service, Name, State, Health, ExitCode, Publishers }) => ({
    name: Service,
    container: Name,
    state: State,
    ...(Health && { health: Health }),
    exitCode: ExitCode ?? 0,
    ports: new Map((Publishers ?? []).filter(({ PublishedPort }) => PublishedPort > 0).map(({ TargetPort, PublishedPort }) => [TargetPort, PublishedPort])),
  }));
}

/** The variable that moves a port of the compose file, by its port in the container. */
export async function portVariables(): Promise<Map<string, string>> {
  const text = await readFile(composeFile(), 'utf8');
  return new Map([...text.matchAll(/127\.0\.0\.1:\$\{(STACK_\w+):-(\d+)\}:(\d+)/g)].map(([, variable = '', , target = '']) => [target, variable]));
}
