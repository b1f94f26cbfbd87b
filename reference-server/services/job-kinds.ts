import type { JobKind } from '../jobs/job-kind.ts';
import { artifactJob } from './chat/artifact-job.ts';
import { titleJob } from './chat/title-job.ts';
import { ingestionJob } from './sync/ingestion-job.ts';

/** All asynchronous work of the services. */
export const jobKinds: readonly JobKind[] = [titleJob, ingestionJob, artifactJob];
