/** What a cell's findings come to, and where a user's next message goes. */
import { describe, expect, test } from 'vitest';
import { exactShare } from '../../harness/consistency/binomial.ts';
import { judgeCell } from '../../harness/consistency/cell-verdict.ts';
import { chooseCells } from '../../harness/consistency/cells.ts';
import { parentShown } from '../../harness/consistency/place.ts';
import { resubmitLosses } from '../../harness/consistency/resubmit-losses.ts';
import type { ResubmitUser } from '../../harness/consistency/resubmit.ts';
import type { ReadOperation, WriteOperation } from '../../harness/consistency/history.ts';
import { lossText, lostTexts } from '../../harness/report/findings-text.ts';
import { studies } from '../../scenarios/studies.ts';
import { Story } from './histories.ts';

type Found = Parameters<typeof judgeCell>[1];

const none = exactShare(0, 200);
const losses = { others: none, early: { withinMs: 200, ...exactShare(20, 50) }, late: { fromMs: 400, ...exactShare(0, 60) }, shown: 0, unreplaced: 0 };

function found(more: Partial<Found>): Found {
  return {
    lost: exactShare(20, 100),
    asked: 100,
    undecided: 0,
    duplicates: none,
    stale: none,
    readYourWrites: none,
    monotonic: none,
    resubmit: losses,
    ...more,
  };
}

function cellOf(name: string): ReturnType<typeof chooseCells>[number] {
  const [cell] = chooseCells('resubmit', name);
  if (!cell) throw new Error(`no cell ${name}`);
  return cell;
}

describe('a policy that loses messages', () => {
  test.each<[string, Partial<Found>, boolean | undefined, string]>([
    ['within its window', {}, true, '20 of 100 users lost the first of two messages'],
    ['that a refresh had shown', { resubmit: { ...losses, shown: 1 } }, false, '1 lost although the refresh had shown them'],
    ['without another in their place', { resubmit: { ...losses, unreplaced: 2 } }, false, '2 lost without another message in their place'],
    [
      'of users who came back late',
      { resubmit: { ...losses, late: { fromMs: 400, ...exactShare(1, 60) } } },
      false,
      '1 of 60 lost whose users came back later than 400 ms',
    ],
    ['that nothing followed', { resubmit: { ...losses, others: exactShare(1, 200) } }, false, '1 of 200 messages lost that nothing followed'],
    ['and of 100 users only 97 are decided about', { lost: exactShare(20, 97) }, undefined, 'only 97 of 100 could be decided about'],
    ['and one of 100 users is not decided about', { lost: exactShare(20, 99) }, true, '20 of 99'],
    ['and none was lost of 50 at risk', { lost: none, asked: 200 }, false, 'none was found lost'],
    [
      'and none was lost of 2 at risk',
      { lost: exactShare(0, 4), asked: 4, resubmit: { ...losses, early: { withinMs: 200, ...exactShare(0, 2) } } },
      undefined,
      'only 2 users came back',
    ],
    ['and nobody knows when all is seen', { resubmit: { others: none, early: losses.early, shown: 0, unreplaced: 0 } }, undefined, 'not known from when on'],
  ])('%s', (_, more, asExpected, said) => {
    const judged = judgeCell(cellOf('lww'), found(more));
    expect(judged.asExpected).toBe(asExpected);
    expect(judged.undecidedSince !== undefined).toBe(asExpected === undefined);
    expect(judged.reasons.join('; ')).toContain(said);
  });
});

test('one that loses none fails by a single loss, however much is undecided; and says nothing good of too few', () => {
  expect(judgeCell(cellOf('branch'), found({ lost: exactShare(1, 2) }))).toMatchObject({ asExpected: false });
  expect(judgeCell(cellOf('branch'), found({ lost: exactShare(0, 1) }))).toMatchObject({ undecidedSince: [expect.stringContaining('only 1 of 100')] });
  expect(judgeCell(cellOf('branch'), found({ lost: exactShare(0, 100) }))).toMatchObject({ asExpected: true });
  expect(judgeCell(cellOf('as-it-is'), found({ lost: exactShare(0, 1) }))).not.toHaveProperty('kept');
  expect(judgeCell(cellOf('as-it-is'), found({ lost: exactShare(0, 100) }))).toMatchObject({ kept: true });
  expect(judgeCell(cellOf('as-it-is'), found({ lost: exactShare(0, 100), lostAnswers: exactShare(1, 50) }))).toMatchObject({ kept: false });
});

describe('who lost a message', () => {
  const limits = { longestMs: 100, longestFromSentMs: 120 };
  /** One user: first message at 0 to 10, refresh at `delayMs` after it, second message behind what was seen. */
  function user(key: string, delayMs: number, saw: boolean, kept: boolean, second = true): { story: Story; user: ResubmitUser } {
    const atMs = 10 + delayMs;
    const [first, next] = [`${key}-first`, `${key}-second`];
    const story = new Story().w(first, 0, 10, { key, parent: 'root' }).r(saw ? [first] : [], atMs, atMs + 5, { key });
    if (second) story.w(next, atMs + 10, atMs + 20, { key, parent: saw ? first : 'root' });
    story.r([...(kept ? [first] : []), ...(second ? [next] : [])], 5_000, 5_001, { key, final: true, process: 'auditor' });
    const [write, refresh, follower] = story.operations;
    return {
      story,
      user: {
        key,
        variant: 'mid-stream',
        first: write as WriteOperation,
        refresh: refresh as ReadOperation,
        second: follower?.action === 'write' ? [follower] : [],
      },
    };
  }

  test('users who sent a second message count; early and late ones, and what no policy explains', () => {
    const all = [
      user('early-lost', 50, false, false),
      user('early-kept', 60, true, true),
      user('late-kept', 500, true, true),
      user('late-lost', 600, false, false),
      user('seen-lost', 150, true, false),
      user('went-away', 20, false, true, false),
    ];
    const history = all.flatMap(({ story }) => story.operations);
    const counted = resubmitLosses(
      history,
      all.map(({ user: own }) => own),
      'content',
      limits,
    );
    expect(counted).toMatchObject({
      lost: { count: 3, n: 5 },
      // Five second messages, and the one of the user who sent no other.
      others: { count: 0, n: 6 },
      early: { withinMs: 100, count: 1, n: 2 },
      late: { fromMs: 180, count: 1, n: 2 },
      shown: 1,
      unreplaced: 1,
    });
    expect(resubmitLosses(history, [], 'content', { ...limits, longestFromSentMs: Number.POSITIVE_INFINITY })).not.toHaveProperty('late');
  });

  test('it is said of users, and of nobody else', () => {
    const text = lostTexts({ lost: exactShare(0, 1_000), resubmit: { ...losses, early: { withinMs: 200, ...exactShare(0, 250) } } } as Parameters<
      typeof lostTexts
    >[0]);
    expect(text[0]).toContain('the first message of 0 of 1,000 (at most 0.299%) users');
    expect(text[1]).toContain('within the 200 ms that writes took to be seen: 0 of 250 (at most 1.19%)');
    const curve = {
      variant: 'mid-stream',
      what: 'first message',
      from: 'its acknowledgement',
      bins: [],
      windowMs: 955,
      windowHighMs: 1_010,
      safe: { fromMs: 960, users: 31 },
    };
    const said = lossText({
      ...curve,
      users: [
        { delayMs: 955, saw: false, lost: true },
        { delayMs: 960, saw: true, lost: false },
      ],
    });
    expect(said).toBe(
      'mid-stream: 1 of 2 lost the first message; the one of them who came back last did so 955 ms after its acknowledgement (95%: the window ends before 1,010 ms); none of the 31 who came back later still',
    );
  });
});

describe('where the next message goes', () => {
  const study = studies['resubmit'];
  if (!study) throw new Error('no study resubmit');
  const seen = ['content-0123456789ab'];

  test('behind the last one that is shown, by text or number, or at the root where none is', () => {
    expect(parentShown(study, { messages: [{ uuid: 'a' }, { uuid: 'b' }] }, seen)).toBe('b');
    expect(parentShown(study, { messages: [{ uuid: 7 }] }, seen)).toBe('7');
    expect(parentShown(study, { messages: [] }, [])).toBe(study.parent?.none);
    expect(parentShown(study, undefined)).toBe(study.parent?.none);
    // A name is no message.
    expect(parentShown({ ...study, channels: [...study.channels, { name: 'title', keeps: 'latest', write: study.read }] }, {}, ['title-0123456789ab'])).toBe(
      study.parent?.none,
    );
  });

  test.each([
    [{}, 'parent.messages: nothing at "body.messages"'],
    [{ messages: 'none' }, 'parent.messages: no list at "body.messages"'],
    [{ messages: [] }, 'parent.messages: the list at "body.messages" is empty'],
    [{ messages: [{ id: 'a' }] }, 'parent.id: the last message at "body.messages" has no text or number at "uuid"'],
  ])('a study that does not find a message that is shown is at fault: %j', (body, said) => {
    expect(() => parentShown(study, body, seen)).toThrow(said);
  });
});
