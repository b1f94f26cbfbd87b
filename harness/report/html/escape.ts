const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** For text and for quoted attributes: names and error lines come from users. */
export function escape(text: string | number): string {
  return String(text).replace(/[&<>"']/g, (char) => escapes[char] ?? char);
}
