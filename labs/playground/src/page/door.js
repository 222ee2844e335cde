// Who gets in, as a door: open or shut in its shape, said in words, and coloured last.
import { drawn, element } from './element.js';
import { words } from './language.js';

const FRAME = { x: 9, y: 4, width: 22, height: 34, rx: 1.5, class: 'frame' };

const open = () => [
  drawn('rect', FRAME), drawn('path', { d: 'M9 4 L24 9 L24 43 L9 38 Z', class: 'leaf' }), drawn('circle', { cx: 20.5, cy: 26, r: 1.5, class: 'knob' }),
];
const shut = () => [
  drawn('rect', FRAME), drawn('rect', { x: 11.5, y: 6.5, width: 17, height: 31.5, class: 'leaf' }), drawn('circle', { cx: 25, cy: 23, r: 1.5, class: 'knob' }),
];
const away = () => [drawn('rect', { ...FRAME, 'stroke-dasharray': '3 3' })];
const unknown = () => [...away(), drawn('text', { x: 20, y: 28, 'text-anchor': 'middle' }, '?')];
const SHAPES = { in: open, out: shut, nothing: away, unknown };

/** The door as one of the two meets it. */
export const door = (who, verdict) => element('div', { class: 'door', 'data-who': who, 'data-verdict': verdict },
  drawn('svg', { viewBox: '0 0 40 46', 'aria-hidden': 'true' }, ...SHAPES[verdict]()),
  element('p', {}, element('span', { class: 'who' }, words[who]), element('strong', {}, words.verdict[who][verdict])));
