// The running table: for how long a copy worked after its owner had it ended, what it cost the store, and how often the
// thief was let in meanwhile.
import { element } from './element.js';
import { lasting, spoken, words } from './language.js';

/** A measurement as words. It has two sides: the last time the copy worked, and the first time it did not. */
const measured = found => {
  if (!found) return words.notMeasured;
  if (found.out_after === undefined) return words.stillIn(lasting(found.in_until ?? 0));
  if (found.in_until === undefined) return words.atOnce;
  return words.within(lasting(found.out_after));
};

export const showResult = (place, designs, step) => {
  const row = design => {
    const { revocation, store_calls } = step.columns[design.name];
    const state = !revocation ? 'none' : revocation.out_after === undefined ? 'open' : revocation.in_until === undefined ? 'once' : 'late';
    return element('tr', { 'data-design': design.name },
      element('th', { scope: 'row' }, spoken(design.title)),
      element('td', { 'data-state': state, 'data-label': words.resultHead[1] }, measured(revocation), revocation ? element('small', {}, words.ended[revocation.how]) : null),
      element('td', { class: 'number', 'data-label': words.resultHead[2] }, String(store_calls)),
      element('td', { 'data-label': words.resultHead[3] }, revocation ? words.times(revocation.times) : '–'));
  };
  place.replaceChildren(
    element('h2', { id: 'result-title' }, words.result),
    element('div', { class: 'wide', tabindex: 0, role: 'group', 'aria-labelledby': 'result-title' },
      element('table', {},
        element('thead', {}, element('tr', {}, words.resultHead.map(text => element('th', { scope: 'col' }, text)))),
        element('tbody', {}, designs.map(row)))),
    element('p', { class: 'hint' }, words.resultHint));
};
