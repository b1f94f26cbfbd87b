/** The driver of a study's legs: sets the cell's policies, drives the study's users, and keeps what they did. */
import type { Study } from '../../scenarios/study-types.ts';
import type { ControlClient } from '../control-client.ts';
import type { Driver } from '../drive/driver.ts';
import type { Sample } from '../sample.ts';
import type { Cell } from './cells.ts';
import { HistoryLog, type Operation } from './history.ts';
import { driveResubmit, type ResubmitLeg } from './resubmit.ts';
import { driveRetry, type RetryLeg } from './retry.ts';
import type { FirstLook, Window } from './study-leg.ts';
import { UserClient } from './user-client.ts';
import { driveVisibility, type VisibilityLeg } from './visibility.ts';

export interface LegRecord {
  cell: Cell;
  operations: readonly Operation[];
  /** By request key. */
  samples: ReadonlyMap<string, Sample>;
  server?: { acknowledged: number; replaced: number };
  resubmit?: ResubmitLeg;
  retry?: RetryLeg;
  visibility?: VisibilityLeg;
}

export interface StudyDriver extends Driver {
  /** By leg id; complete when the leg has been driven. */
  records: ReadonlyMap<string, LegRecord>;
  window: Window | undefined;
}

/** @param cells by leg id */
export function studyDriver(study: Study, cells: ReadonlyMap<string, Cell>, control: ControlClient | undefined): StudyDriver {
  const records = new Map<string, LegRecord>();
  const setsPolicies = [...cells.values()].some(({ policies }) => policies !== undefined);
  const driver: StudyDriver = {
    name: 'native',
    withoutJourneys: true,
    records,
    window: undefined,
    refuse: () => undefined,
    async drive(leg, context) {
      const cell = cells.get(leg.id);
      if (!cell) throw new Error(`leg ${leg.id} has no cell`);
      if (cell.policies && control) await control.setPolicies(cell.policies);
      const log = new HistoryLog();
      const samples = new Map<string, Sample>();
      const record: LegRecord = { cell, operations: log.operations, samples };
      records.set(leg.id, record);
      const emit = (sample: Parameters<typeof context.emit>[0]): void => {
        if (sample.kind === 'request') samples.set(sample.requestKey, sample);
        context.emit(sample);
      };
      const client = new UserClient(study, leg, { ...context, emit }, log, cell.keys);
      const before = await writesOf(control);
      const found = (part: ResubmitLeg | RetryLeg | VisibilityLeg, name: 'resubmit' | 'retry' | 'visibility'): void => {
        Object.assign(record, { [name]: part });
        driver.window ??= part.window;
      };
      const look: FirstLook = { known: driver.window, under: (first) => (setsPolicies && control ? underEventualReads(control, first) : first()) };
      try {
        switch (study.kind) {
          case 'resubmit':
            return await driveResubmit(client, look, (part) => found(part, 'resubmit'));
          case 'retry':
            return await driveRetry(client, look, (part) => found(part, 'retry'));
          case 'consistency':
            return await driveVisibility(client, look, (part) => found(part, 'visibility'));
        }
      } finally {
        client.close();
        noteWrites(record, before, await writesOf(control));
      }
    },
  };
  return driver;
}

/** Reads of a replica are what writes are late for: under strong reads everything is seen at once, and the users of every cell would come back within that. */
export async function underEventualReads<T>(control: ControlClient, look: () => Promise<T>): Promise<T> {
  const own = await control.policies();
  if (!own || own.reads === 'eventual') return look();
  await control.setPolicies({ ...own, reads: 'eventual' });
  try {
    return await look();
  } finally {
    await control.setPolicies(own);
  }
}

/** Undefined also where the server has gone: what was measured of it stays. */
async function writesOf(control: ControlClient | undefined): ReturnType<ControlClient['writes']> {
  return control?.writes().catch(() => undefined);
}

type Writes = { acknowledged: number; replaced: number };

function noteWrites(record: LegRecord, before: Writes | undefined, after: Writes | undefined): void {
  if (before && after) record.server = { acknowledged: after.acknowledged - before.acknowledged, replaced: after.replaced - before.replaced };
}
