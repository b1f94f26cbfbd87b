import { readConfig } from '../config.ts';
import { gateExit, type OnInconclusive, retries } from '../gate/exit-policy.ts';
import type { GateFile } from '../gate/gate-file.ts';
import { tellGitHub } from '../gate/write-gate-reports.ts';
import { renderGateTerminal } from '../report/gate/terminal.ts';
import { outputStyle } from './output-style.ts';

/**
 * Measures, as often again as the policy says, tells each outcome, and returns the exit code of the last. An interrupted gate is not repeated. In a step of GitHub Actions
 * the last one is annotated and goes to the job summary.
 * @param isTimeFor whether another gate like this one fits into the time that is left
 */
export async function gateUntilTold(
  measure: (retry: number) => Promise<{ directory: string; gate: GateFile }>,
  policy: OnInconclusive,
  signal: AbortSignal,
  isTimeFor: (gate: GateFile) => boolean,
): Promise<number> {
  for (let retry = 0; ; retry += 1) {
    const { directory, gate } = await measure(retry);
    console.log(renderGateTerminal(gate, outputStyle()));
    console.log(`report: ${directory}/report.md`);
    const { verdict, noBase } = { verdict: gate.verdict.verdict, noBase: gate.noBase };
    const again = !signal.aborted && retries({ verdict, noBase }, policy, retry);
    if (again && !isTimeFor(gate)) console.log(`${verdict}: not measured again, too little of --max-minutes is left for as many epochs as a verdict needs`);
    else if (again) {
      console.log(`${verdict}: measured again, with another seed (${retry + 1} of ${policy.kind === 'retry' ? policy.times : 0})`);
      continue;
    }
    for (const line of await tellGitHub(gate, readConfig())) console.log(line);
    const { code, warning } = gateExit(verdict, policy);
    if (warning !== undefined) console.log(`warning: ${warning}`);
    return code;
  }
}
