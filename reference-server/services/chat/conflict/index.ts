import type { DataPolicies } from '../../../policies.ts';
import { branch } from './branch.ts';
import type { ConflictStrategy } from './conflict-strategy.ts';
import { lww } from './lww.ts';
import { reject } from './reject.ts';

export const conflictStrategies: Readonly<Record<DataPolicies['conflict'], ConflictStrategy>> = { lww, reject, branch };
