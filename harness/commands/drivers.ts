import { readConfig } from '../config.ts';
import { autocannonDriver } from '../drive/autocannon/driver.ts';
import type { Driver } from '../drive/driver.ts';
import { k6Driver } from '../drive/k6/driver.ts';
import { nativeDriver } from '../drive/native/driver.ts';
import { findProgram } from '../tools.ts';

/** Where k6 is: `K6_BIN`, else the PATH. */
export function k6Path(): string | undefined {
  const config = readConfig();
  return config.k6Bin ?? findProgram(['k6'], config.path);
}

export function allDrivers(): ReadonlyMap<string, Driver> {
  const k6 = k6Path();
  const drivers: Driver[] = [nativeDriver, autocannonDriver, k6Driver(k6 === undefined ? {} : { k6Path: k6 })];
  return new Map(drivers.map((driver) => [driver.name, driver]));
}
