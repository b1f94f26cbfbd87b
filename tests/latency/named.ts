import { type Operation, operationsByName } from '../../scenarios/operations.ts';

/** Throws when there is none of this name. */
export function operation(name: string): Operation {
  const found = operationsByName.get(name);
  if (!found) throw new Error(name);
  return found;
}

/** A declared quantile. */
export const at = (declared: [number, number][], q: number): number | undefined => declared.find((one) => one[0] === q)?.[1];
