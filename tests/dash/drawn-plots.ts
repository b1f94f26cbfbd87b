import type { Page } from 'playwright-core';

/** Notes on every canvas what is written on it and which dashed lines are stroked, at their places in CSS pixels from its upper left corner. */
export const notesDrawing = `{
  const { prototype } = CanvasRenderingContext2D;
  const { fillText, moveTo, lineTo, stroke, clearRect } = prototype;
  const notes = (context) => (context.canvas.notes ??= { texts: [], lines: [] });
  const placed = (context, x, y) => { const at = context.getTransform().transformPoint(new DOMPoint(x, y)); return { x: at.x / devicePixelRatio, y: at.y / devicePixelRatio }; };
  let from; let to;
  prototype.clearRect = function (...args) { this.canvas.notes = undefined; return clearRect.apply(this, args); };
  prototype.fillText = function (text, x, y, ...rest) { notes(this).texts.push({ text, ...placed(this, x, y) }); return fillText.call(this, text, x, y, ...rest); };
  prototype.moveTo = function (x, y) { from = placed(this, x, y); return moveTo.call(this, x, y); };
  prototype.lineTo = function (x, y) { to = placed(this, x, y); return lineTo.call(this, x, y); };
  prototype.stroke = function (...args) { if (args.length === 0 && this.getLineDash().length > 0 && from && to) notes(this).lines.push({ from, to, color: this.strokeStyle }); return stroke.apply(this, args); };
}`;

interface Notes {
  texts: { text: string; x: number; y: number }[];
  lines: { from: { x: number; y: number }; to: { x: number; y: number }; color: string }[];
}

const unitSeconds: Readonly<Record<string, number>> = { µs: 1e-6, ms: 1e-3, s: 1, min: 60 };

/** Where the dashed lines across a drawn panel stand on its axis of seconds, by the axis' own ticks, and what a pixel of it is. The page was opened with `notesDrawing`. */
export async function plotLines(page: Page, panelId: number): Promise<{ seconds: number; pixel: number }[]> {
  const notes = await page.evaluate<Notes | undefined>(`document.querySelector('.panel[data-panel="${panelId}"] canvas')?.notes`);
  if (!notes) throw new Error(`nothing was noted of panel ${panelId}`);
  const ticks = notes.texts.flatMap(({ text, y }) => {
    const [, number, unit = ''] = /^([\d.]+) (µs|ms|s|min)$/.exec(text) ?? [];
    return number === undefined ? [] : [{ seconds: Number(number) * (unitSeconds[unit] ?? Number.NaN), y }];
  });
  const [low, high] = [ticks.at(0), ticks.at(-1)];
  if (!low || !high || low.y === high.y) throw new Error(`no two ticks in seconds: ${notes.texts.map(({ text }) => text).join(', ')}`);
  const slope = (high.seconds - low.seconds) / (high.y - low.y);
  return notes.lines.map(({ from, to }) => {
    if (from.y !== to.y) throw new Error('a level line that is not level');
    return { seconds: low.seconds + (from.y - low.y) * slope, pixel: Math.abs(slope) };
  });
}

/** When the marks of a plot are, by where they stand on it. */
export async function markTimes(page: Page, panelId: number, { fromMs, toMs }: { fromMs: number; toMs: number }): Promise<{ title: string; atMs: number }[]> {
  const marks = await page.evaluate<{ title: string; share: number }[]>(
    `[...document.querySelectorAll('.panel[data-panel="${panelId}"] .u-over')].flatMap((plot) => [...plot.querySelectorAll('.mark')].map((mark) => ({ title: mark.title.split('\\n')[0], share: parseFloat(mark.style.left) / plot.clientWidth })))`,
  );
  return marks.map(({ title, share }) => ({ title, atMs: fromMs + share * (toMs - fromMs) }));
}
