import { escape } from './escape.ts';
import { script } from './script.ts';
import { style } from './style.ts';

/** One file that asks for nothing else: style, script and charts are in it, and its policy lets nothing be loaded. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${body}
</main>
<script>${script}</script>
</body>
</html>
`;
}

/** The line above everything: whose page it is, and the switch of themes. */
export function topLine(what: string): string {
  return `<div class="top"><span class="brand">plumbline</span><h1>${escape(what)}</h1><button id="theme" type="button">Theme</button></div>`;
}
