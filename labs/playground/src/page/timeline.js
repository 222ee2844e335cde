// What was done, in order: the slider goes back to any step, and everything on the page is as it was then.
import { element } from './element.js';
import { lasting, words } from './language.js';

const caption = step => (step.action ? words.did[step.action] : words.beginning);

export const showTimeline = (place, { steps, at, go }) => {
  const last = steps.length - 1;
  const held = place.contains(document.activeElement) ? document.activeElement.dataset.part : null;
  const step = steps[at];
  const time = new Date(step.now * 1000);
  const jump = (to, part, text, sign) => element('button', {
    type: 'button', class: 'quiet', 'data-part': part, 'aria-label': text, 'aria-disabled': to < 0 || to > last ? 'true' : false,
    click: () => { if (to >= 0 && to <= last) go(to); },
  }, sign);
  const slider = element('input', {
    type: 'range', min: 0, max: Math.max(1, last), value: at, 'data-part': 'slider', 'aria-label': words.timeline,
    'aria-valuetext': `${words.stepOf(at, last)}: ${caption(step)}`, disabled: last === 0,
    input: event => go(Number(event.target.value)),
  });
  place.dataset.past = String(at < last);
  place.replaceChildren(
    element('h2', { id: 'timeline-title', class: 'unseen' }, words.timeline),
    element('div', { class: 'scrub' }, jump(at - 1, 'back', words.stepBack, '◂'), slider, jump(at + 1, 'on', words.stepOn, '▸')),
    element('p', { class: 'caption' },
      element('span', { class: 'count' }, words.stepOf(at, last)), ' ', element('strong', {}, caption(step)), ' ',
      element('span', { class: 'clock' }, words.clock(time), step.moved > 0 ? ` (+${lasting(step.moved)})` : ''),
      step.cut && element('span', { class: 'cut' }, words.isCut),
      at < last && element('button', { type: 'button', class: 'quiet', 'data-part': 'now', click: () => go(last) }, words.toNow)));
  if (held) (place.querySelector(`[data-part="${held}"]`) || slider).focus();
};
