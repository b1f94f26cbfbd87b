import { readConfig } from '../config.ts';
import { autocannonDriver } from '../drive/autocannon/driver.ts';
import type { Driver } from '../drive/driver.ts';
import { k6Driver } from '../drive/k6/driver.ts';
import type { K6Outputs } from '../drive/k6/outputs.ts';
import { nativeDriver } from '../drive/native/driver.ts';
import { findProgram } from '../tools.ts';

/** Where k6 is: `K6_BIN`, else the PATH. */
export function k6Path(): string | undefined {
  const config = readConfig();
  return config.k6Bin ?? findProgram(['k6'], config.path);
}

/** @param outputs where k6 sends its own metrics */
export function allDrivers(outputs?: K6Outputs): ReadonlyMap<string, Driver> {
  const k6 = k6Path();
  const drivers: Driver[] = [nativeDriver, autocannonDriver, k6Driver({ ...(k6 !== undefined && { k6Path: k6 }), ...(outputs && { outputs }) })];
  return new Map(drivers.map((driver) => [driver.name, driver]));
}
