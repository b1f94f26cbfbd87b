/** What the self-test does to head's reference server (`--slow`), and what the gate is to make of it. */
export interface Injection {
  /** Name of its folder in the pool. */
  name: string;
  /** For people. */
  what: string;
  /** Rules of `--slow`; empty: head is base. */
  slow: string;
  /**
   * `none`: no change, must not fail. `found`: a regression, must fail. `blind`: known to be under what the gate can see; reported, not promised.
   * `margin`: as slow as the margin allows, or a little more; must not pass.
   */
  expected: 'none' | 'found' | 'blind' | 'margin';
  /** What the change is in, as reports name it (`class crud`): a set counts as found where the gate fails by a metric of one of them. Empty: by any. */
  seenIn: readonly string[];
}

/** The operation that is slowed alone; one of about 40. */
export const slowedOperation = 'chat.conversations.list';

export const injections: readonly Injection[] = [
  { name: 'none', what: 'no change', slow: '', expected: 'none', seenIn: [] },
  {
    name: 'one-operation',
    what: 'one operation 10% slower, through its store hop',
    slow: `${slowedOperation},hop=store,times=1.1`,
    expected: 'found',
    seenIn: [slowedOperation],
  },
  { name: 'all', what: 'everything 10% slower, through the service hop', slow: '*,hop=service,times=1.1', expected: 'found', seenIn: [] },
  { name: 'tail', what: '5% of the crud class take twice as long', slow: 'class:crud,hop=store,times=2,share=0.05', expected: 'found', seenIn: [] },
  {
    name: 'stall',
    what: '5% of streams stall once for 250 ms',
    slow: 'chat.completion,stall=250ms,share=0.05',
    expected: 'found',
    seenIn: ['chat.completion', 'class completion'],
  },
  {
    name: 'at-margin',
    what: 'one operation 5% slower, which is the margin',
    slow: `${slowedOperation},hop=store,times=1.05`,
    expected: 'margin',
    seenIn: [slowedOperation],
  },
  { name: 'rare-tail', what: '1% of requests 50 ms later', slow: '*,hop=service,add=50ms,share=0.01', expected: 'blind', seenIn: [] },
];
