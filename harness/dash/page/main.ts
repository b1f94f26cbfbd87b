import { type Address, type BoardAddress, boardPath, readAddress } from './address.ts';
import { type Facts, getJson } from './api.ts';
import { type ShownBoard, showBoard } from './board-view.ts';
import { h } from './dom.ts';
import { showHome } from './home.ts';
import { showRun } from './run-view.ts';

const found = document.getElementById('app');
if (!found) throw new Error('the page has no place for dash');
const app = found;

let shown: { uid: string; board: ShownBoard } | undefined;
let endRun: (() => void) | undefined;
let visits = 0;

/** Shows what the address says; a board that is there already is only told. */
async function show(address: Address, facts: Facts): Promise<void> {
  visits += 1;
  const mine = visits;
  if (address.kind === 'board' && shown?.uid === address.uid) return shown.board.update(address);
  shown?.board.end();
  shown = undefined;
  endRun?.();
  endRun = undefined;
  if (address.kind === 'home') return showHome(app, facts);
  if (address.kind === 'run') {
    endRun = await showRun(app, address.runId, facts);
    return;
  }
  const run = address.variables['run']?.[0];
  if (!facts.prometheus) {
    if (run === undefined || run.startsWith('$')) return showHome(app, facts);
    endRun = await showRun(app, run, facts);
    return;
  }
  const board = await showBoard(app, address, facts, (next) => go(next, facts));
  if (mine !== visits) board.end();
  else shown = { uid: address.uid, board };
}

function go(address: BoardAddress, facts: Facts): void {
  history.pushState(null, '', boardPath(address));
  void show(address, facts).catch(fail);
}

function fail(error: unknown): void {
  const said = error instanceof Error ? error.message : String(error);
  app.replaceChildren(
    h('div', { class: 'head' }, h('a', { class: 'brand', href: '/', text: 'plumbline' })),
    h('main', { class: 'home' }, h('p', { class: 'banner bad', text: said }), h('p', {}, h('a', { href: '/', text: 'All boards' }))),
  );
}

async function start(): Promise<void> {
  const facts = await getJson<Facts>('/api/state');
  addEventListener('popstate', () => void show(readAddress(location), facts).catch(fail));
  // Links between boards stay on the page: what is drawn already is not loaded anew.
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || link.target === '_blank') return;
    const to = new URL(link.href, location.href);
    if (to.origin !== location.origin || !/^\/(?:$|d\/|run\/)/.test(to.pathname)) return;
    event.preventDefault();
    history.pushState(null, '', link.getAttribute('href'));
    scrollTo(0, 0);
    void show(readAddress(location), facts).catch(fail);
  });
  await show(readAddress(location), facts);
}

start().catch(fail);
