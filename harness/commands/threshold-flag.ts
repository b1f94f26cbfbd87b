import type { Command } from 'commander';

/** `--threshold`, of every command that judges; read with `withThresholds`. */
export function thresholdFlag(command: Command): Command {
  return command.option(
    '--threshold <text>',
    'one more objective, such as "p95(crud) < 700ms", "goodput > 99%", "error_rate < 0.1%" (repeatable; docs/thresholds.md)',
    (text: string, texts: string[]) => [...texts, text],
    [] as string[],
  );
}
