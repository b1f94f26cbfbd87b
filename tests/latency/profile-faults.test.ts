import { describe, expect, test } from 'vitest';
import { ProfileError } from '../../reference-server/latency/faults.ts';
import { parseProfile } from '../../reference-server/latency/profile.ts';

function faultsOf(parse: () => unknown): [string, string][] {
  try {
    parse();
  } catch (error) {
    if (error instanceof ProfileError) return error.faults.map((fault) => [fault.path, fault.message]);
    throw error;
  }
  return [];
}

describe('faults', () => {
  test('every one at once, with its path and the nearest name', () => {
    const text = `
sead: 1
work: outside
scale: 2
link: {rttMs: -1, downMbps: 0}
classes:
  crud: {total: {p0: 10, p50: 5, p100: 20}, errorRatio: 2, stal: {ratio: 1, duration: 1s}}
  metadta: {total: 1}
services:
  chatt: {total: 1}
  chat: {capacity: {workers: 0, queue: 1.5}}
operations:
  chat.conversation.list: {total: 1}
  chat.completion: {stream: {flushHeaders: later, events: {p0: 0, p100: 4}}}
inference: {slots: 0, queue: 1, slowdownAtFull: 0.5}
`;
    expect(
      faultsOf(() => parseProfile(text))
        .map(([path]) => path)
        .sort(),
    ).toEqual(
      [
        'classes.crud.errorRatio',
        'classes.crud.stal',
        'classes.crud.total.p50',
        'classes.metadata.total',
        'classes.metadta',
        'classes.static.total',
        'inference.slots',
        'inference.slowdownAtFull',
        'link.downMbps',
        'link.rttMs',
        'operations.chat.completion.stream.events',
        'operations.chat.completion.stream.flushHeaders',
        'operations.chat.conversation.list',
        'scale',
        'sead',
        'services.chat.capacity.queue',
        'services.chat.capacity.workers',
        'services.chatt',
        'work',
      ].sort(),
    );
    const messages = new Map(faultsOf(() => parseProfile(text)));
    expect(messages.get('sead')).toContain('did you mean "seed"');
    expect(messages.get('classes.metadta')).toContain('did you mean "metadata"');
    expect(messages.get('operations.chat.conversation.list')).toContain('did you mean "chat.conversations.list"');
    expect(messages.get('classes.crud.errorRatio')).toContain('given 2');
  });

  test.each<[string, string, string]>([
    ['operations: {chat.completion: {total: 1.2s}}', 'operations.chat.completion.stream.firstEvent', 'is above the p0 of the total'],
    [
      'operations: {chat.completion: {stream: {firstEvent: {lognormal: {p50: 1s, p99: 2s}}}}}',
      'operations.chat.completion.stream.firstEvent',
      'a lognormal needs a max',
    ],
    ['operations: {chat.completion: {stream: {events: 1}}}', 'operations.chat.completion.stream.events', 'its p0 is below 2'],
    ['operations: {projects.list: {stream: {events: 1}}}', 'operations.projects.list.stream', 'does not answer with a stream'],
    ['operations: {projects.list: {hops: {before: {edge: 0, lb: 0, mesh: 0}}}}', 'operations.projects.list.hops.before', 'every weight is 0'],
    ['operations: {projects.list: {hops: {behindMesh: {share: 1.2}}}}', 'operations.projects.list.hops.behindMesh.share', 'from 0 to 1'],
    ['operations: {projects.list: {total: {empirical: {file: /etc/hostname}}}}', 'operations.projects.list.total.empirical.file', 'did not come from a file'],
    ['seed: -1', 'seed', 'from 0'],
  ])('%s', (text, path, message) => {
    expect(faultsOf(() => parseProfile(`extends: observed\n${text}`))).toEqual([[path, expect.stringContaining(message)]]);
  });

  test.each([
    ['a: [', /not YAML/],
    ['- 1', /expected a profile/],
    ['classes: 3', /expected latency class names/],
    ['extends: obsrved', /did you mean "observed"/],
    ['extends: ./mine.yaml', /cannot extend the file/],
    ['', /expected a profile/],
  ])('%j', (text, message) => {
    expect(() => parseProfile(text)).toThrow(message);
  });
});
