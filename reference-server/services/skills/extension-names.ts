/** The 52 extensions of the catalogue, by id: the count is the analysis', the names are ours. */
export interface ExtensionName {
  id: string;
  displayName: string;
  topic: 'files' | 'data' | 'web' | 'office' | 'design' | 'code' | 'media' | 'home';
}

const names: Record<ExtensionName['topic'], readonly string[]> = {
  files: ['Folder Reader', 'Archive Opener', 'Photo Sorter', 'Disk Explorer', 'Notes Vault', 'Scan To Text', 'Backup Browser'],
  data: ['Table Query', 'Postgres Reader', 'Spreadsheet Tools', 'Chart Maker', 'Log Search', 'Metrics Reader', 'Geo Lookup', 'Survey Results'],
  web: ['Page Fetcher', 'Browser Control', 'Feed Reader', 'Link Checker', 'Site Map', 'Weather Desk'],
  office: ['Calendar Desk', 'Mail Filer', 'Slide Builder', 'Document Merge', 'Invoice Reader', 'Contact Book', 'Meeting Notes', 'Task Board'],
  design: ['Canvas Bridge', 'Colour Tools', 'Icon Finder', 'Font Inspector', 'Mockup Export'],
  code: ['Repository Reader', 'Issue Desk', 'Test Runner', 'Container Desk', 'Package Audit', 'Terminal Bridge', 'Notebook Runner', 'Review Helper'],
  media: ['Audio Notes', 'Video Captions', 'Image Resizer', 'Music Library', 'Podcast Search'],
  home: ['Light Switch', 'Recipe Box', 'Energy Meter', 'Shopping List', 'Travel Planner'],
};

/** Ids are `ext-000` to `ext-051`: the seed installs the first few of each organization by them. */
export const extensionNames: readonly ExtensionName[] = (Object.keys(names) as ExtensionName['topic'][])
  .flatMap((topic) => names[topic].map((displayName) => ({ displayName, topic })))
  .map((name, index) => ({ id: `ext-${String(index).padStart(3, '0')}`, ...name }));
