import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dashboardIds } from '../../scenarios/names.ts';
import type { Board } from './board/board.ts';
import { BoardFault, parseBoard } from './board/parse.ts';

const ours: readonly string[] = Object.values(dashboardIds);

export interface BoardFile {
  board: Board;
  /** As it lies there. */
  json: unknown;
}

/** A file of the folder that cannot be drawn. */
export interface BrokenBoard {
  file: string;
  reason: string;
}

/** Ours in the order in which they are read, others behind them. */
function placeOf({ uid }: Board): number {
  const place = ours.indexOf(uid);
  return place < 0 ? ours.length : place;
}

/** The boards of a folder, read anew each time: whoever builds them sees the change. A folder that is not there has none. */
export async function readBoards(folder: string): Promise<{ boards: BoardFile[]; broken: BrokenBoard[] }> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json')).sort();
  const boards: BoardFile[] = [];
  const broken: BrokenBoard[] = [];
  for (const file of names) {
    try {
      const json: unknown = JSON.parse(await readFile(join(folder, file), 'utf8'));
      boards.push({ board: parseBoard(json), json });
    } catch (error) {
      if (!(error instanceof BoardFault || error instanceof SyntaxError)) throw error;
      broken.push({ file, reason: error.message });
    }
  }
  boards.sort((a, b) => placeOf(a.board) - placeOf(b.board) || a.board.title.localeCompare(b.board.title, 'en', { numeric: true }));
  return { boards, broken };
}
