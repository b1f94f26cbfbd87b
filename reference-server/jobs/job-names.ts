/** Kinds of asynchronous work. */
export const jobKindNames = ['title', 'ingestion', 'artifact_version'] as const;
export type JobKindName = (typeof jobKindNames)[number];

export const jobStates = ['waiting', 'running', 'failed'] as const;
export type JobState = (typeof jobStates)[number];
