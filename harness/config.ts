/** The harness' environment, read once. */
export interface HarnessConfig {
  /** `K6_BIN`: the k6 to use instead of the first on PATH. */
  k6Bin: string | undefined;
  path: string;
  /** `NO_COLOR` or `CI` switch live redrawing and colour off. */
  plainOutput: boolean;
  ci: boolean;
}

export function readConfig(env: NodeJS.ProcessEnv = process.env): HarnessConfig {
  const ci = env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false';
  return {
    k6Bin: env['K6_BIN'] === '' ? undefined : env['K6_BIN'],
    path: env['PATH'] ?? '',
    plainOutput: env['NO_COLOR'] !== undefined || ci,
    ci,
  };
}
