import { addCompare } from './compare.ts';
import type { AddCommand } from './command.ts';
import { addDash } from './dash.ts';
import { addDemo } from './demo.ts';
import { addDoctor } from './doctor.ts';
import { addDown } from './down.ts';
import { addHistory } from './history.ts';
import { addGate } from './gate.ts';
import { addInit } from './init.ts';
import { addOperations } from './operations.ts';
import { addReport } from './report.ts';
import { addRun } from './run.ts';
import { addScenarios } from './scenarios.ts';
import { addServe } from './serve.ts';
import { addSession } from './session.ts';
import { addStatus } from './status.ts';
import { addUp } from './up.ts';
import { addTrace } from './trace.ts';

export const commands: readonly AddCommand[] = [
  addDemo,
  addRun,
  addInit,
  addServe,
  addDash,
  addSession,
  addReport,
  addTrace,
  addCompare,
  addHistory,
  addGate,
  addScenarios,
  addOperations,
  addUp,
  addDown,
  addStatus,
  addDoctor,
];
