export interface XmlElement {
  name: string;
  attributes: Record<string, string>;
  children: XmlElement[];
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", '#39': "'" };

/** A strict reader of the XML that a report writes: elements, attributes, text. Throws on anything that is not well-formed. */
export function parseXml(given: string): XmlElement {
  const illegal = [...given].find((character) => {
    const code = character.codePointAt(0) ?? 0;
    return (code < 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) || (code >= 0xd800 && code <= 0xdfff) || code === 0xfffe || code === 0xffff;
  });
  if (illegal !== undefined) throw new Error(`a character that XML 1.0 does not allow: ${JSON.stringify(illegal)}`);
  const text = given.replace(/^<\?xml version="1.0" encoding="UTF-8"\?>/, '');
  const stack: XmlElement[] = [];
  let root: XmlElement | undefined;
  let at = 0;
  const token = /([^<]*)<(\/?)([A-Za-z][\w.-]*)((?:\s+[A-Za-z][\w.:-]*="[^"<]*")*)\s*(\/?)>/y;
  while (stack.length > 0 || root === undefined) {
    token.lastIndex = at;
    const found = token.exec(text);
    if (!found) throw new Error(`not well-formed at ${at}: ${text.slice(at, at + 60)}`);
    const [whole, before = '', closing, name = '', attributes = '', empty] = found;
    at += whole.length;
    unescape(before);
    if (stack.length === 0 && (root !== undefined || before.trim() !== '')) throw new Error(`content outside of the root element: ${whole}`);
    if (closing) {
      if (stack.pop()?.name !== name) throw new Error(`</${name}> closes what is not open`);
      continue;
    }
    const element: XmlElement = { name, attributes: {}, children: [] };
    for (const [, key = '', value = ''] of attributes.matchAll(/([A-Za-z][\w.:-]*)="([^"<]*)"/g)) {
      if (key in element.attributes) throw new Error(`attribute ${key} twice`);
      element.attributes[key] = unescape(value);
    }
    const parent = stack.at(-1);
    if (parent) parent.children.push(element);
    else root = element;
    if (!empty) stack.push(element);
    if (stack.length === 0 && text.slice(at).trim() !== '') throw new Error('content after the root element');
  }
  if (stack.length > 0 || !root) throw new Error(`<${stack.at(-1)?.name ?? '?'}> is never closed`);
  return root;
}

function unescape(text: string): string {
  return text.replace(/&([^;]*;?)/g, (_, reference: string) => {
    const value = reference.endsWith(';') ? entities[reference.slice(0, -1)] : undefined;
    if (value === undefined) throw new Error(`unknown entity &${reference}`);
    return value;
  });
}
