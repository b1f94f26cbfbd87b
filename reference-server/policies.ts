import { type ReadPolicy, readPolicies } from './store/reads/index.ts';

export const conflictPolicies = ['lww', 'reject', 'branch'] as const;
export const idempotencyPolicies = ['off', 'keys'] as const;

/** How the data layer behaves where products differ. The defaults are what was observed. */
export interface DataPolicies {
  /** Of a message that is submitted on a stale view of its conversation. */
  conflict: (typeof conflictPolicies)[number];
  idempotency: (typeof idempotencyPolicies)[number];
  /** What a client gets that asks for `consistency=eventual`. */
  reads: ReadPolicy;
}

export const observedPolicies: Readonly<DataPolicies> = { conflict: 'lww', idempotency: 'off', reads: 'eventual' };

export const policyValues: { readonly [Name in keyof DataPolicies]: readonly DataPolicies[Name][] } = {
  conflict: conflictPolicies,
  idempotency: idempotencyPolicies,
  reads: readPolicies,
};

interface PolicyFault {
  path: string;
  message: string;
}

/** The policies that a record names, all of them sound; or every fault. */
export function readPolicyChange(given: unknown): { change: Partial<DataPolicies> } | { faults: PolicyFault[] } {
  const names = Object.keys(policyValues).join(', ');
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return { faults: [{ path: '', message: `expected an object with some of ${names}` }] };
  const faults = Object.entries(given).flatMap(([name, value]): PolicyFault[] => {
    if (!Object.hasOwn(policyValues, name)) return [{ path: `/${name}`, message: `"${name}" is no policy; there are ${names}` }];
    const allowed: readonly unknown[] = policyValues[name as keyof DataPolicies];
    return allowed.includes(value) ? [] : [{ path: `/${name}`, message: `given ${JSON.stringify(value)}, expected one of ${allowed.join(', ')}` }];
  });
  return faults.length > 0 ? { faults } : { change: given };
}
