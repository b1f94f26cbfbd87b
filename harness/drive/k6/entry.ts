/** The small script that k6 is given: it joins the interpreter with the scenario as it was loaded, whatever kind of file it came from. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The interpreter lies beside the compiled harness too, with this module's own ending. */
export function interpreterFile(): string {
  const here = import.meta.url;
  return fileURLToPath(new URL(`../../../scenarios/k6/interpret${extname(fileURLToPath(here))}`, here));
}

/** JavaScript text; both files hold JSON. All files absolute. */
export function entryScript(scenarioFile: string, settingsFile: string): string {
  const quote = (text: string): string => JSON.stringify(text);
  return [
    `import { interpret } from ${quote(interpreterFile())};`,
    `const script = interpret(JSON.parse(open(${quote(scenarioFile)})), JSON.parse(open(${quote(settingsFile)})));`,
    'export const options = script.options;',
    'export const setup = script.setup;',
    'export default script.run;',
    '',
  ].join('\n');
}
