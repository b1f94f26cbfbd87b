import { readConfig } from '../config.ts';

/** Colour and width of the terminal; neither where the output is no terminal. */
export function outputStyle(): { colour: boolean; width: number; live: boolean } {
  const { plainOutput } = readConfig();
  const terminal = process.stdout.isTTY === true;
  return { colour: terminal && !plainOutput, width: terminal ? Math.max(60, process.stdout.columns ?? 100) : 100, live: terminal && !plainOutput };
}
