/** Wrong usage or configuration: exit code 2. The message says what was given, what was expected and what to do. */
export class UsageError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'UsageError';
    this.code = code;
  }
}
