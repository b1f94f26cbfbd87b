import { hexDigits, keyedRandom } from '../../../scenarios/random.ts';

/** Seeded code of an exact length that compresses like a minified bundle: about 3 to 4 times with Brotli (`tests/services-more` measures it). */

type Random = () => number;

const words = (
  'render,state,props,node,value,index,item,query,cache,route,token,event,scope,frame,store,panel,field,label,error,result,chunk,stream,message,conversation,project,artifact,version,setting,feature,account,session,' +
  'request,response,header,status,retry,delay,cursor,offset,limit,filter,order,group,member,owner,title,summary,model,prompt,answer,upload,preview,dialog,button,input,select,option,theme,color,width,height,layout,' +
  'scroll,focus,hover,press,drag,resize,observe,notify,publish,consume,update,create,remove,insert,append,replace,compare,merge,parse,encode,decode,format,locale,plural,number,currency,calendar,timer,queue,task'
).split(',');
const methods = [
  'map',
  'filter',
  'push',
  'slice',
  'concat',
  'forEach',
  'then',
  'catch',
  'includes',
  'indexOf',
  'reduce',
  'call',
  'bind',
  'set',
  'get',
  'has',
  'delete',
  'join',
  'split',
  'assign',
  'keys',
  'entries',
  'useMemo',
  'useEffect',
  'useState',
  'useRef',
  'createElement',
  'jsx',
  'jsxs',
];
const cssProperties = [
  'display:flex',
  'position:absolute',
  'border-radius',
  'padding',
  'margin',
  'background-color',
  'color',
  'font-size',
  'line-height',
  'gap',
  'width',
  'height',
  'transform',
  'transition',
  'opacity',
  'box-shadow',
  'z-index',
  'grid-template-columns',
  'letter-spacing',
  'max-width',
];

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}
const letters = 'etnraioscluhdfpmgvybwxkjqz';
/** Minified names: mostly one letter, the first ones more often. */
function short(random: Random): string {
  const letter = letters[Math.floor(26 * random() ** 1.6)] as string;
  return random() < 0.75 ? letter : letter + letters[Math.floor(26 * random())];
}
function camel(random: Random): string {
  const second = pick(random, words);
  return random() < 0.4 ? pick(random, words) : pick(random, words) + second.charAt(0).toUpperCase() + second.slice(1);
}
function phrase(random: Random): string {
  return Array.from({ length: 2 + Math.floor(random() * 6) }, () => pick(random, words)).join(' ');
}

function expression(random: Random, depth: number): string {
  const kind = random();
  if (depth === 0 || kind < 0.2) return short(random);
  const inner = (): string => expression(random, depth - 1);
  if (kind < 0.36) return `${short(random)}.${camel(random)}`;
  if (kind < 0.52) return `${short(random)}.${pick(random, methods)}(${inner()})`;
  if (kind < 0.6) return `"${random() < 0.4 ? phrase(random) : camel(random)}"`;
  if (kind < 0.68) return String(Math.floor(random() * 10 ** (1 + Math.floor(random() * 4))));
  if (kind < 0.76) return `(0,${short(random)}.${pick(random, methods)})(${inner()},{${camel(random)}:${inner()},${camel(random)}:${inner()}})`;
  if (kind < 0.84) return `${inner()}${pick(random, ['===', '!==', '&&', '||', '??', '+', '>', '<'])}${inner()}`;
  if (kind < 0.92) return `${inner()}?${inner()}:${inner()}`;
  return `${short(random)}=>${inner()}`;
}

function statement(random: Random): string {
  const kind = random();
  const inner = (): string => expression(random, 3);
  if (kind < 0.25) return `let ${short(random)}=${inner()},${short(random)}=${inner()};`;
  if (kind < 0.45) return `function ${short(random)}(${short(random)},${short(random)}){return ${inner()}}`;
  if (kind < 0.6) return `if(${inner()})return ${inner()};`;
  if (kind < 0.72) return `${short(random)}.${camel(random)}=${inner()};`;
  if (kind < 0.82)
    return `${Math.floor(random() * 99_999)}:(e,t,n)=>{"use strict";n.d(t,{${short(random)}:()=>${short(random)}});var ${short(random)}=n(${Math.floor(random() * 99_999)});${inner()}},`;
  if (kind < 0.9) return `const ${short(random)}={${camel(random)}:${inner()},${camel(random)}:${inner()},${camel(random)}:${inner()}};`;
  if (kind < 0.93) return `"M${Array.from({ length: 12 }, () => (random() * 24).toFixed(2)).join(' ')}z";`;
  return `throw Error("${phrase(random)}: "+${inner()});`;
}

function rule(random: Random): string {
  const name = `.${pick(random, words)}-${random() < 0.5 ? hexDigits(random, 5) : pick(random, words)}`;
  const count = 2 + Math.floor(random() * 5);
  const declarations = Array.from({ length: count }, () => {
    const property = pick(random, cssProperties);
    if (property.includes(':')) return property;
    const value =
      random() < 0.3
        ? `#${hexDigits(random, 6)}`
        : random() < 0.5
          ? `${Math.floor(random() * 64)}px`
          : `var(--${pick(random, words)}-${Math.floor(random() * 10) * 100})`;
    return `${property}:${value}`;
  });
  return `${name}${pick(random, ['', ':hover', '::before', '>div', '[data-open]'])}{${declarations.join(';')}}`;
}

function vectorPath(random: Random): string {
  const points = Array.from(
    { length: 8 },
    () => `${pick(random, ['l', 'c', 'h', 'v', 's'])}${(random() * 24 - 12).toFixed(2)} ${(random() * 24 - 12).toFixed(2)}`,
  ).join('');
  return `<path fill="currentColor" d="M${(random() * 24).toFixed(1)} ${(random() * 24).toFixed(1)}${points}z"/>`;
}

function filled(bytes: number, head: string, tail: string, filler: string, part: () => string): Buffer {
  let text = head;
  const end = bytes - tail.length;
  while (text.length < end) text += part();
  // The last part is cut to the length: nobody runs this code.
  text = text.slice(0, end) + tail;
  return Buffer.from(text.padEnd(bytes, filler), 'latin1');
}

export function scriptBytes(name: string, bytes: number): Buffer {
  const random = keyedRandom('script', name);
  // Bundles repeat their idioms: a third of the statements have been there before.
  const idioms: string[] = [];
  return filled(bytes, '/*plumbline*/"use strict";', '', ' ', () => {
    if (idioms.length > 20 && random() < 0.35) return pick(random, idioms);
    const made = statement(random);
    idioms[idioms.length < 400 ? idioms.length : Math.floor(random() * 400)] = made;
    return made;
  });
}
export function styleBytes(name: string, bytes: number): Buffer {
  const random = keyedRandom('style', name);
  return filled(bytes, '/*plumbline*/', '', ' ', () => rule(random));
}
export function vectorBytes(name: string, bytes: number): Buffer {
  const random = keyedRandom('vector', name);
  return filled(bytes, '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">', '</svg>', ' ', () => vectorPath(random));
}
/** What the document carries beside its tags: the server-rendered payload of the page. */
export function payloadText(name: string, bytes: number): string {
  const random = keyedRandom('payload', name);
  let text = '';
  while (text.length < bytes) {
    text += `${Math.floor(random() * 4_096).toString(16)}:["$","${pick(random, ['div', 'span', 'section', '$L1a', 'button'])}",null,{"className":"${pick(random, words)}-${hexDigits(random, 5)}","children":"${phrase(random)}","${camel(random)}":${random() < 0.5}}]\\n`;
  }
  return text.slice(0, bytes);
}

/** Already compressed formats: noise behind the format's first bytes. */
export function binaryBytes(name: string, bytes: number, magic: readonly number[]): Buffer {
  const random = keyedRandom('binary', name);
  const buffer = Buffer.alloc(bytes);
  for (let offset = 0; offset < bytes; offset += 4) buffer.writeUInt32LE(Math.floor(random() * 4_294_967_296), Math.min(offset, bytes - 4));
  buffer.set(magic.slice(0, bytes));
  return buffer;
}
