import type { ExtensionName } from './extension-names.ts';

/** Vocabulary of the seeded manifests. The wider it is, the less they compress; `tests/services-more` holds them to the ratio of the analysis. */
export const verbs: readonly string[] = [
  'list', 'read', 'search', 'open', 'create', 'update', 'rename', 'move', 'copy', 'remove', 'export', 'import', 'convert', 'compare', 'merge', 'split', 'validate', 'summarise', 'count', 'group',
  'sort', 'filter', 'watch', 'refresh', 'sync', 'archive', 'restore', 'tag', 'label', 'annotate', 'preview', 'render', 'download', 'upload', 'schedule', 'cancel', 'pause', 'resume', 'inspect', 'trace',
];
export const objects: Readonly<Record<ExtensionName['topic'], readonly string[]>> = {
  files: ['folder', 'file', 'archive', 'photo', 'volume', 'duplicate', 'attachment', 'snapshot', 'shortcut', 'scan', 'checksum', 'thumbnail', 'permission', 'bookmark'],
  data: ['table', 'query', 'column', 'dataset', 'chart', 'series', 'record', 'schema', 'index', 'row', 'aggregate', 'log line', 'metric', 'region'],
  web: ['page', 'link', 'feed', 'form', 'cookie', 'redirect', 'screenshot', 'headline', 'forecast', 'site map', 'heading', 'download', 'tab', 'selector'],
  office: ['event', 'message', 'slide', 'document', 'invoice', 'contact', 'agenda', 'task', 'attendee', 'reminder', 'template', 'thread', 'signature', 'board'],
  design: ['layer', 'palette', 'icon', 'font', 'frame', 'component', 'gradient', 'artboard', 'style guide', 'glyph', 'mask', 'grid', 'export preset', 'comment'],
  code: ['repository', 'issue', 'branch', 'commit', 'test', 'container', 'package', 'notebook cell', 'review', 'build', 'dependency', 'release', 'stack trace', 'pipeline'],
  media: ['track', 'caption', 'clip', 'episode', 'playlist', 'waveform', 'frame', 'transcript', 'cover image', 'chapter', 'recording', 'speaker', 'subtitle', 'mix'],
  home: ['lamp', 'recipe', 'meter', 'list', 'trip', 'room', 'scene', 'ingredient', 'tariff', 'booking', 'thermostat', 'pantry item', 'route', 'reading'],
};
export const qualities: readonly string[] = [
  'recent', 'shared', 'local', 'remote', 'nested', 'unread', 'broken', 'large', 'selected', 'hidden', 'linked', 'stale', 'signed', 'draft', 'starred', 'empty', 'locked', 'changed', 'named', 'public',
  'private', 'pinned', 'expired', 'matching', 'oldest', 'newest', 'missing', 'partial', 'encrypted', 'translated',
];
export const places: readonly string[] = [
  'in the chosen folder', 'on this computer', 'within a date range', 'for the current project', 'under a given heading', 'across all accounts', 'from the last week', 'by its identifier', 'with a pattern',
  'without leaving the conversation', 'before anything is sent', 'after you confirm', 'page by page', 'in the time zone you set', 'as plain text', 'as a table', 'in the order they arrived',
  'with its history', 'between two versions', 'near a place', 'of any size up to the limit', 'when the service answers', 'one at a time', 'in the background', 'as Markdown', 'with line numbers',
];
export const promises: readonly string[] = [
  'Nothing leaves the machine unless you ask for it.', 'Large results come in pages.', 'Every change can be undone for a day.', 'It asks before it writes.', 'Errors name the item and the cause.',
  'Works offline once the first index is built.', 'The first run takes a minute or two.', 'Credentials stay in the system keychain.', 'Results are kept for an hour.', 'Paths outside the allowed ones are refused.',
  'Dates follow the locale of the system.', 'It stops as soon as you cancel.', 'Names with accents and spaces are fine.', 'Limits are those of your account.', 'It never follows links to other hosts.',
  'A dry run shows what would happen.', 'Progress is shown for anything longer than a second.', 'Old entries are removed first when the cache is full.', 'It runs with the rights of the current user.',
  'Binary content is described, not shown.', 'Numbers keep their units.', 'Queries are read-only by default.', 'It respects the quiet hours of the system.', 'Two copies never write at once.',
];
export const authors: readonly string[] = [
  'Alder Works', 'Brightwater Labs', 'Cinder Tools', 'Dovetail Software', 'Evening Star Code', 'Fieldnote', 'Granite Harbour', 'Hollow Oak', 'Inkwell Systems', 'Juniper Desk', 'Kestrel Apps', 'Lantern Co',
  'Mill Pond Studio', 'Northern Loom', 'Open Meadow', 'Paper Crane', 'Quarry Lane', 'River Stone', 'Saltmarsh', 'Tall Grass',
];
