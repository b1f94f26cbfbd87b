import { chromium } from 'playwright-core';
const [, , file = '/tmp/r.html', prefix = '/tmp/s'] = process.argv;
const b = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
});
for (const [w, scheme, hash, name] of [
  [1280, 'light', '', 'over'],
  [1280, 'light', '#leg-page-load-native', 'pl'],
  [1280, 'dark', '#leg-sse-native', 'sse-dark'],
  [400, 'light', '#leg-sse-native', 'sse-400'],
  [1280, 'light', '#leg-sse-k6', 'k6'],
]) {
  const p = await b.newPage({ viewport: { width: w, height: 900 }, colorScheme: scheme });
  p.on('console', (m) => console.log('console', m.type(), m.text()));
  p.on('pageerror', (e) => console.log('pageerror', e.message));
  await p.goto('file://' + file + hash);
  const H = await p.evaluate(() => document.documentElement.scrollHeight);
  for (let y = 0, i = 0; y < H; y += 1700, i++)
    await p.screenshot({ path: `${prefix}-${name}-${i}.png`, fullPage: true, clip: { x: 0, y, width: w, height: Math.min(1700, H - y) } });
  console.log(name, await p.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]));
  await p.close();
}
await b.close();
