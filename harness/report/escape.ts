const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** For text and quoted attributes of HTML, SVG and XML: operation names, error lines and ids come from users and servers. */
export function escape(text: string | number): string {
  return String(text).replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** For one line of Markdown, table cells too: no mark-up of a name takes effect, nobody is mentioned by it, and it leads nowhere. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\|*_<>`[\]]/g, (character) => (character === '<' ? '&lt;' : character === '>' ? '&gt;' : `\\${character}`))
    .replaceAll('@', '@<!-- -->')
    .replaceAll('://', ':<!-- -->//')
    .replace(/www\./gi, (found) => `${found.slice(0, 3)}<!-- -->.`);
}

/** Letters, digits and dashes, for ids. */
export function slug(text: string): string {
  return (
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '') || 'x'
  );
}

/** Ids for names, unique even where two names have the same slug; in the order given. */
export function uniqueSlugs(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let id = slug(name);
    for (let i = 2; taken.has(id); i += 1) id = `${slug(name)}-${i}`;
    taken.add(id);
    return id;
  });
}
