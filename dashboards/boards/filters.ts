/** What the variables of a board select. */
import { metricLabels as labels } from '../../scenarios/names.ts';
import type { Selector } from '../build/promql.ts';

export const ofServer: Selector = { [labels.operation]: '~$operation', [labels.service]: '~$service' };
export const ofOperation: Selector = { [labels.operation]: '~$operation' };
export const ofRun: Selector = { [labels.run]: '~$run' };
export const ofPhase: Selector = { ...ofRun, [labels.phase]: '~$phase' };
export const ofClient: Selector = { ...ofPhase, [labels.operation]: '~$operation' };
/** Server processes, whatever tier they are. */
export const serverJob: Selector = { job: 'server' };
