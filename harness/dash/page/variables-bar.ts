import { allOption } from '../board/interpolate.ts';
import type { ResolvedVariable } from '../board/variables.ts';
import { h } from './dom.ts';
import { popover } from './popover.ts';

/** Options of a list that gets a field to search in. */
const searchedFrom = 12;

/** The controls of all variables that are not hidden. @param set what is chosen by hand */
export function variableControls(variables: readonly ResolvedVariable[], set: (name: string, values: string[]) => void): HTMLElement[] {
  return variables.filter(isAsked).map((each) => controlOf(each, (values) => set(each.name, values)));
}

/** Not what is hidden, and not a choice of one data source. */
function isAsked({ variable, options }: ResolvedVariable): boolean {
  if (variable.hide === 'variable' || variable.type === 'constant') return false;
  return variable.type !== 'datasource' || options.length > 1;
}

function controlOf(resolved: ResolvedVariable, set: (values: string[]) => void): HTMLElement {
  const { variable, fault } = resolved;
  const label = variable.hide === 'label' ? [] : [h('span', { class: 'label', text: variable.label ?? variable.name })];
  const control = variable.type === 'textbox' ? textControl(resolved, set) : variable.multi ? listControl(resolved, set) : selectControl(resolved, set);
  return h(
    'div',
    { class: `variable${fault === undefined ? '' : ' faulty'}`, title: fault ?? variable.description ?? '', attributes: { 'data-variable': variable.name } },
    ...label,
    control,
  );
}

function textControl({ values, name }: ResolvedVariable, set: (values: string[]) => void): HTMLElement {
  const input = h('input', { type: 'text', name, value: values[0] ?? '' });
  input.addEventListener('change', () => set([input.value]));
  return input;
}

function selectControl({ variable, options, values, isAll, name }: ResolvedVariable, set: (values: string[]) => void): HTMLElement {
  const select = h('select', { name, attributes: { 'aria-label': variable.label ?? name } });
  const chosen = isAll ? allOption : (values[0] ?? '');
  const offered = [...(variable.includeAll ? [{ value: allOption, text: 'All' }] : []), ...options];
  if (!offered.some(({ value }) => value === chosen)) offered.unshift({ value: chosen, text: chosen === '' ? 'none' : chosen });
  for (const { value, text } of offered) {
    const option = h('option', { value, text });
    option.selected = value === chosen;
    select.append(option);
  }
  select.addEventListener('change', () => set([select.value]));
  return select;
}

function listControl(resolved: ResolvedVariable, set: (values: string[]) => void): HTMLElement {
  const { variable, options, values, isAll, texts } = resolved;
  const shown = isAll ? 'All' : texts.length === 0 ? 'none' : texts.length > 2 ? `${texts.length} chosen` : texts.join(', ');
  return popover(`${shown} ▾`, 'choices', () => {
    const chosen = new Set(isAll ? [] : values);
    const list = h('div', { class: 'choices-list' });
    const apply = (): void =>
      set(chosen.size === 0 ? (variable.includeAll ? [allOption] : []) : options.filter(({ value }) => chosen.has(value)).map(({ value }) => value));
    const choice = (text: string, isOn: boolean, click: () => void): HTMLElement => {
      const box = h('input', { type: 'checkbox' });
      box.checked = isOn;
      box.addEventListener('change', click);
      return h('label', { class: 'choice' }, box, text);
    };
    const fill = (search: string): void => {
      const fitting = options.filter(({ text }) => text.toLowerCase().includes(search.toLowerCase()));
      list.replaceChildren(
        ...(variable.includeAll && search === ''
          ? [
              choice('All', isAll, () => {
                chosen.clear();
                apply();
              }),
            ]
          : []),
        ...fitting.map(({ text, value }) =>
          choice(text, chosen.has(value), () => {
            if (!chosen.delete(value)) chosen.add(value);
            apply();
          }),
        ),
      );
    };
    fill('');
    if (options.length < searchedFrom) return [list];
    const search = h('input', { type: 'search', attributes: { placeholder: 'Search', 'aria-label': 'Search' } });
    search.addEventListener('input', () => fill(search.value));
    return [search, list];
  });
}
