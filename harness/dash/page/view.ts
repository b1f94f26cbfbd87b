import type { Panel } from '../board/board.ts';
import type { Theme } from '../board/colors.ts';
import type { LinkContext } from '../board/links.ts';
import type { Mark } from '../board/marks.ts';
import type { PanelData } from '../board/panel-answers.ts';
import type { TimeRange } from '../board/time-range.ts';

/** What every panel is drawn with. */
export interface DrawContext {
  panel: Panel;
  theme: Theme;
  range: TimeRange;
  links: LinkContext;
  marks: readonly Mark[];
  zoom(range: TimeRange): void;
}

/** One panel's picture: made once, drawn anew with each answer. */
export interface PanelView {
  draw(data: PanelData, context: DrawContext): void;
  destroy(): void;
}

export type MakeView = (host: HTMLElement) => PanelView;
