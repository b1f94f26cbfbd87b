import type { Command } from 'commander';

/** Adds one command to the program; its action reports the exit code. */
export type AddCommand = (program: Command, exit: (code: number) => void) => void;

export function example(text: string): string {
  return `\nExample${text.includes('\n') ? 's' : ''}:\n${text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')}\n`;
}
