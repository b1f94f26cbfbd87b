/** How much data is seeded. Counts are of the first organization unless they say otherwise; the second has a tenth, at least one. */
export interface SeedSize {
  /** Members beside the owner, `user-0@` to `user-<n-1>@example.com`. */
  users: number;
  conversations: number;
  /** Messages of each conversation on average, on the current path and its branches. */
  messagesEach: number;
  projects: number;
  artifacts: number;
  versionsEach: number;
  /** Of each conversation that has files: every fourth. */
  filesEach: number;
  syncItemsEach: number;
}

export const defaultSize: Readonly<SeedSize> = {
  users: 4,
  conversations: 200,
  messagesEach: 6,
  projects: 12,
  artifacts: 24,
  versionsEach: 3,
  filesEach: 3,
  syncItemsEach: 8,
};
