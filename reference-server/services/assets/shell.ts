import { assets } from '../../../scenarios/assets.ts';
import { origins } from '../../../scenarios/operations.ts';
import { payloadText } from './text.ts';

/** Of the whole document; our choice, the analysis has no size for it. */
export const shellBytes = 30_000;

/** The HTML shell: names the critical styles and scripts, preloads two fonts, and carries the payload of the page up to its size. */
export function shellHtml(): string {
  const bundle = (name: string): string => `https://${origins.assets}/_next/static/${name}`;
  const media = (name: string): string => `https://${origins.static}/media/${name}`;
  const critical = assets.filter((asset) => asset.critical);
  const fonts = assets.filter((asset) => asset.kind === 'font').slice(0, 2);
  const head = [
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Reference</title>',
    ...critical.filter((asset) => asset.kind === 'style').map((asset) => `<link rel="stylesheet" href="${bundle(asset.name)}">`),
    ...fonts.map((asset) => `<link rel="preload" as="font" type="font/woff2" crossorigin href="${media(asset.name)}">`),
    ...critical.filter((asset) => asset.kind === 'script').map((asset) => `<script src="${bundle(asset.name)}" defer></script>`),
    '</head><body><div id="root"></div><script>self.__payload=(self.__payload||[]).concat("',
  ].join('');
  const tail = '")</script></body></html>';
  const left = shellBytes - head.length - tail.length;
  return head + payloadText('shell', left).replaceAll('"', "'") + tail;
}
