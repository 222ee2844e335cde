// The guided tour: seven steps, from a log-in to a thief who is caught. Where somebody is on it follows from what was done,
// so it survives a reload and a shared address needs to say nothing of it.
import { element } from './element.js';
import { words } from './language.js';
import { address } from './room.js';

/** What each step does. */
export const STEPS = [
  ['sign-in'],
  ['steal'],
  ['log-out'],
  ['thief-refreshes'],
  ['wait-quarter'],
  ['sign-in', 'steal', 'wait-quarter', 'thief-refreshes'],
  ['wait-minute', 'person-refreshes', 'thief-refreshes', 'wait-quarter'],
];
/** To knock at a door changes nothing, so it is no step off the path. */
const HARMLESS = new Set(['person-tries', 'thief-tries']);
/** Worth a look after the tour. */
const SCENARIOS = {
  race: ['sign-in', 'steal', 'thief-refreshes', 'person-refreshes'],
  outage: ['sign-in', 'steal', 'cut-store', 'person-tries', 'person-refreshes', 'log-out'],
  password: ['sign-in', 'steal', 'change-password', 'thief-tries', 'thief-refreshes'],
  month: ['sign-in', 'steal', 'wait-month', 'person-refreshes'],
};

/** How many steps have been taken, and what is missing of the next one; none if somebody left the path. */
export const position = actions => {
  const path = STEPS.flat();
  let taken = 0;
  for (const action of actions) {
    if (taken < path.length && action === path[taken]) taken += 1;
    else if (taken < path.length && !HARMLESS.has(action)) return null;
    else if (taken === path.length) break;
  }
  let number = 0;
  while (number < STEPS.length && taken >= STEPS[number].length) taken -= STEPS[number++].length;
  return { number, missing: number < STEPS.length ? STEPS[number].slice(taken) : [] };
};

const dots = number => element('ol', { class: 'dots', 'aria-hidden': 'true' },
  STEPS.map((_, index) => element('li', { 'data-state': index < number ? 'done' : index === number ? 'here' : 'ahead' })));

const card = (title, ...content) => [element('h2', { id: 'tour-title' }, title), ...content];

const ideas = () => [
  element('p', {}, words.ideas),
  element('ul', { class: 'ideas' }, Object.entries(SCENARIOS).map(([name, actions]) =>
    element('li', {}, element('a', { href: address(actions) }, words.scenario[name])))),
];

/** Draws the tour's card. `walk` does a list of actions, `again` begins with an empty room. */
export const showTour = (place, { actions, busy, walk, again }) => {
  const held = place.contains(document.activeElement);
  const at = position(actions);
  const button = (text, click) => element('button', { type: 'button', class: 'main', 'data-tour': true, 'aria-disabled': busy ? 'true' : false, click: () => { if (!busy) click(); } }, text);
  if (!at) {
    place.dataset.step = 'left';
    place.replaceChildren(...card(words.freePlay, element('p', {}, words.freePlayText), button(words.tourAgain, again), ...ideas()));
  } else if (at.number === STEPS.length) {
    place.dataset.step = 'end';
    place.replaceChildren(...card(words.tourEnd, element('p', { class: 'seen' }, words.tour[STEPS.length - 1].seen), element('p', {}, words.tourEndText), ...ideas(), button(words.tourAgain, again)));
  } else {
    const { title, ask, button: text } = words.tour[at.number];
    place.dataset.step = String(at.number + 1);
    place.replaceChildren(
      dots(at.number),
      at.number > 0 ? element('p', { class: 'seen' }, words.tour[at.number - 1].seen) : '',
      ...card(title, element('p', { class: 'count' }, words.tourCount(at.number + 1, STEPS.length)), element('p', {}, ask)),
      button(text, () => walk(at.missing)));
  }
  if (held) (place.querySelector('[data-tour]') || place).focus();
};
