import { accessSync, appendFileSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Where tests note what they skipped; the closing reporter prints it. */
export const missingToolsFile = join(tmpdir(), 'plumbline-missing-tools.txt');

interface Known {
  programs: readonly string[];
  /** Where a package keeps it off the PATH. */
  folders?: readonly string[];
  get: string;
}

const known = {
  k6: { programs: ['k6'], get: 'go install go.k6.io/k6@v1.8.1' },
  chromium: { programs: ['chromium', 'chromium-browser', 'google-chrome'], get: 'apt-get install chromium' },
  otelcol: {
    programs: ['otelcol', 'otelcol-contrib'],
    get: 'the OpenTelemetry Collector Contrib 0.152, https://github.com/open-telemetry/opentelemetry-collector-releases/releases',
  },
  jaeger: { programs: ['jaeger-all-in-one'], get: 'Jaeger 1.76 all-in-one, https://www.jaegertracing.io/download/' },
  prometheus: { programs: ['prometheus'], get: 'apt-get install prometheus' },
  promtool: { programs: ['promtool'], get: 'apt-get install prometheus' },
  docker: { programs: ['docker'], get: 'apt-get install docker.io, then start dockerd; and the compose plugin' },
  postgres: { programs: ['postgres'], folders: ['/usr/lib/postgresql/15/bin'], get: 'apt-get install postgresql-15' },
  redis: { programs: ['redis-server'], get: 'apt-get install redis-server' },
  actionlint: { programs: ['actionlint'], get: 'go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12' },
  taskset: { programs: ['taskset'], get: 'apt-get install util-linux' },
} as const satisfies Record<string, Known>;
export type ToolName = keyof typeof known;

/**
 * The path of a real tool, or undefined when it is missing: the test then skips, and the run's closing list names the tool and how to get it.
 * Throws instead when `PLUMBLINE_REQUIRE` (names separated by commas) names it.
 */
export function requireTool(name: ToolName): string | undefined {
  const { programs, get, folders = [] } = known[name] as Known;
  const override = name === 'k6' ? process.env['K6_BIN'] : undefined;
  const path = override ?? find(programs, folders);
  if (path !== undefined) return path;
  missing(name, `${name} is missing; get it: ${get}`);
  return undefined;
}

/** Notes what is missing, or throws where it is required. */
export function missing(name: ToolName, line: string): void {
  if ((process.env['PLUMBLINE_REQUIRE'] ?? '').split(',').includes(name)) throw new Error(`${line} (PLUMBLINE_REQUIRE asks for it)`);
  appendFileSync(missingToolsFile, `${line}\n`);
}

function find(programs: readonly string[], folders: readonly string[]): string | undefined {
  for (const folder of [...folders, ...(process.env['PATH'] ?? '').split(delimiter)]) {
    for (const program of programs) {
      const file = join(folder, program);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // Look on.
      }
    }
  }
  return undefined;
}
