// The buttons: what the person does, what the thief does, what time does, and what happens to the store.
import { element } from './element.js';
import { words } from './language.js';

const GROUPS = {
  person: ['sign-in', 'person-tries', 'person-refreshes', 'log-out', 'log-out-everywhere', 'change-password'],
  thief: ['steal', 'thief-tries', 'thief-refreshes'],
  time: ['wait-minute', 'wait-quarter', 'wait-month'],
  store: ['cut-store', 'mend-store'],
};

/** Every action by its name, in the order of the buttons. */
export const ACTIONS = new Set(Object.values(GROUPS).flat());

/** Draws the buttons into their place. `act` is called with an action's name. */
export const showActions = (place, { act, again, cut, line, busy }) => {
  const held = place.contains(document.activeElement) ? document.activeElement.dataset.action : null;
  const button = name => {
    // One that cannot do anything stays reachable and says so: a button that vanishes takes the focus with it.
    const idle = busy || name === (cut ? 'cut-store' : 'mend-store');
    return element('button', {
      type: 'button', 'data-action': name, 'aria-disabled': idle ? 'true' : false,
      click: () => { if (!idle) act(name); },
    }, words.action[name]);
  };
  const group = ([name, actions]) => element('div', { class: 'group', role: 'group', 'data-group': name, 'aria-labelledby': 'group-' + name },
    element('h3', { id: 'group-' + name }, words.group[name]), element('div', { class: 'buttons' }, actions.map(button)),
    name === 'store' && element('p', { class: 'hint' }, words.line[line]));
  place.replaceChildren(
    element('div', { class: 'heading' },
      element('h2', { id: 'actions-title' }, words.actions),
      element('button', { type: 'button', class: 'quiet', 'data-action': 'again', click: again }, words.again)),
    element('p', { class: 'hint' }, words.actionsHint),
    ...Object.entries(GROUPS).map(group));
  if (held) place.querySelector(`[data-action="${held}"]`)?.focus();
};
