/** The boards as they are committed. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Board } from '../../harness/dash/board/board.ts';
import { parseBoard } from '../../harness/dash/board/parse.ts';

const folder = new URL('../../dashboards/generated/', import.meta.url);

export interface CommittedBoard {
  file: string;
  json: BoardJson;
  board: Board;
}

export function committedBoards(): CommittedBoard[] {
  return readdirSync(folder)
    .sort()
    .map((file) => {
      const json = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as BoardJson;
      return { file, json, board: parseBoard(json) };
    });
}

/** What the linter looks at and its controls break. */
export interface BoardJson {
  uid: string;
  title: string;
  description?: string;
  tags?: string[];
  panels: PanelJson[];
  links: { url: string; keepTime?: boolean; includeVars?: boolean }[];
  templating: { list: { name: string; type: string; datasource?: SourceJson; query?: unknown }[] };
  annotations: { list: { name: string; datasource?: SourceJson; expr?: string; target?: unknown }[] };
}

export interface SourceJson {
  type?: string;
  uid?: string;
}

export interface TargetJson {
  refId: string;
  datasource?: SourceJson;
  expr?: string;
  query?: string;
  legendFormat?: string;
  range?: boolean;
  instant?: boolean;
  exemplar?: boolean;
}

export interface PanelJson {
  id: number;
  type: string;
  title?: string;
  description?: string;
  datasource?: SourceJson;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: TargetJson[];
  options?: unknown;
  fieldConfig?: {
    defaults: { unit?: string; thresholds?: { mode: string; steps: { value: number | null; color: string }[] }; custom?: unknown };
    overrides?: { matcher: { id: string; options?: unknown }; properties: { id: string; value?: unknown }[] }[];
  };
}
