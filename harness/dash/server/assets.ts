import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { escape } from '../../report/escape.ts';

const dashFolder = fileURLToPath(new URL('..', import.meta.url));
/** `.ts` in the checkout, `.js` in the package. */
const extension = extname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/** Libraries that the page loads, by the name that it imports. */
const libraries: Readonly<Record<string, { address: string; file: () => string }>> = {
  uplot: { address: '/assets/uplot.js', file: () => join(packageFolder('uplot'), 'dist', 'uPlot.esm.js') },
  marked: { address: '/assets/marked.js', file: () => join(packageFolder('marked'), 'lib', 'marked.esm.js') },
};

function packageFolder(name: string): string {
  const entry = require.resolve(name);
  return entry.slice(0, entry.lastIndexOf(join('node_modules', name)) + join('node_modules', name).length);
}

const importMap = JSON.stringify({ imports: Object.fromEntries(Object.entries(libraries).map(([name, { address }]) => [name, address])) });
const importMapHash = createHash('sha256').update(importMap).digest('base64');

/** Nothing from anywhere else, no inline script but the list of libraries. */
export const pagePolicy = `default-src 'none'; script-src 'self' 'sha256-${importMapHash}'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

export interface Asset {
  type: string;
  body: string | Uint8Array;
}

/** The file behind an address below `/assets/`; undefined: none. */
export async function asset(address: string): Promise<Asset | undefined> {
  const library = Object.values(libraries).find((each) => each.address === address);
  if (library) return { type: 'text/javascript; charset=utf-8', body: await readFile(library.file()) };
  if (address === '/assets/uplot.css') return { type: 'text/css; charset=utf-8', body: await readFile(join(packageFolder('uplot'), 'dist', 'uPlot.min.css')) };
  const own = /^\/assets\/dash\/((?:board|page)\/(?:[a-z0-9-]+\/)*[a-z0-9-]+)(\.ts|\.js|\.css)$/.exec(address);
  if (!own) return undefined;
  const [, name = '', kind = ''] = own;
  if (kind !== '.css' && kind !== extension) return undefined;
  const text = await readFile(join(dashFolder, `${name}${kind}`), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  if (kind === '.css') return { type: 'text/css; charset=utf-8', body: text };
  return { type: 'text/javascript; charset=utf-8', body: kind === '.ts' ? stripped(text) : text };
}

function stripped(text: string): string {
  // Node warns once that this is experimental; whoever looks at a board need not know.
  const warn = process.emitWarning;
  process.emitWarning = () => undefined;
  try {
    return stripTypeScriptTypes(text);
  } finally {
    process.emitWarning = warn;
  }
}

/** In this order: the later ones build on the earlier. */
const styles = ['base', 'head', 'board', 'plots', 'values', 'home'];

/** The one page of all addresses: its script reads the address. */
export function shell(title: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/uplot.css">
${styles.map((name) => `<link rel="stylesheet" href="/assets/dash/page/${name}.css">`).join('\n')}
<script type="importmap">${importMap}</script>
<script type="module" src="/assets/dash/page/main${extension}"></script>
</head>
<body>
<div id="app"></div>
<noscript>plumbline dash draws boards in the browser: it needs JavaScript.</noscript>
</body>
</html>
`;
}
