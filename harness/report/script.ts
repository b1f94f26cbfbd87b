/**
 * The page works without it: everything is drawn already. It adds tabs (hash of the address), hover tips in place of the browser's own, switches in legends,
 * sorting of tables and the choice of theme. Plain JavaScript for any browser; kept as text, so that it goes into the page as it is.
 */
export const script = `(() => {
const root = document.documentElement;
root.classList.add('js');
const dark = matchMedia('(prefers-color-scheme: dark)');
const theme = document.getElementById('theme');
const isDark = () => root.dataset.theme ? root.dataset.theme === 'dark' : dark.matches;
const nameTheme = () => { theme.textContent = isDark() ? 'Light theme' : 'Dark theme'; };
theme.addEventListener('click', () => { root.dataset.theme = isDark() ? 'light' : 'dark'; nameTheme(); });
dark.addEventListener('change', nameTheme);
nameTheme();

const tabs = [...document.querySelectorAll('.tabs a')];
const show = (id, scroll) => {
  const link = tabs.find((tab) => tab.hash === '#' + id) ?? tabs[0];
  if (!link) return;
  for (const tab of tabs) tab.setAttribute('aria-current', String(tab === link));
  for (const section of document.querySelectorAll('section[data-tab]')) section.classList.toggle('shown', '#' + section.id === link.hash);
  if (scroll && document.querySelector('.tabs').getBoundingClientRect().top <= 0) document.querySelector(link.hash).scrollIntoView();
};
const fromHash = (scroll) => {
  const id = decodeURIComponent(location.hash.slice(1));
  const target = id === '' ? null : document.getElementById(id);
  const section = target && target.closest('section[data-tab]');
  const folded = target && target.closest('details');
  if (folded) folded.open = true;
  show(section ? section.id : '', scroll && target === section);
  if (section && target !== section) (folded ?? target).scrollIntoView();
};
addEventListener('hashchange', () => fromHash(true));
fromHash(false);

const tip = document.createElement('div');
tip.id = 'tip';
tip.hidden = true;
document.body.append(tip);
const tips = new WeakMap();
const tipOf = (start) => {
  for (let at = start; at && at.nodeName !== 'FIGURE'; at = at.parentElement) {
    const title = [...at.children].find((child) => child.nodeName === 'title');
    if (title) { tips.set(at, title.textContent); title.remove(); }
    if (tips.has(at)) return tips.get(at);
  }
  return undefined;
};
document.addEventListener('pointermove', (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const text = target && target.closest('svg') ? tipOf(target) : undefined;
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = Math.max(6, Math.min(event.clientX + 14, innerWidth - width - 6)) + 'px';
  tip.style.top = (event.clientY + 18 + height > innerHeight ? event.clientY - height - 12 : event.clientY + 18) + 'px';
});
document.addEventListener('pointerleave', () => { tip.hidden = true; });
addEventListener('hashchange', () => { tip.hidden = true; });

document.addEventListener('click', (event) => {
  const entry = event.target instanceof Element ? event.target.closest('button.entry') : null;
  if (entry) {
    const on = entry.getAttribute('aria-pressed') !== 'true';
    entry.setAttribute('aria-pressed', String(on));
    for (const series of entry.closest('figure').querySelectorAll('.series')) if (series.dataset.series === entry.dataset.series) series.classList.toggle('off', !on);
  }
});

for (const table of document.querySelectorAll('table.sortable')) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const down = head.getAttribute('aria-sort') !== 'descending';
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const key = (row) => row.cells[column].dataset.v;
      const value = (row) => { const text = key(row); return text === undefined || text === '' ? -Infinity : Number(text); };
      const rows = [...table.tBodies[0].rows];
      const text = rows.every((row) => key(row) === undefined);
      rows.sort((a, b) => (text ? a.cells[column].textContent.localeCompare(b.cells[column].textContent) * -1 : value(a) - value(b)) * (down ? -1 : 1));
      table.tBodies[0].append(...rows);
    });
  });
}
})();`;
