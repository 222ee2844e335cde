// What the two hold: each credential once, whose it is, how much time it has left, and what is inside.
import { element } from './element.js';
import { lasting, words } from './language.js';

const KINDS = ['cookie', 'access', 'refresh'];

const unpacked = part => {
  const bytes = Uint8Array.from(atob(part.replace(/-/g, '+').replace(/_/g, '/')), letter => letter.charCodeAt(0));
  return JSON.stringify(JSON.parse(new TextDecoder().decode(bytes)), null, 2);
};

/** The credentials of a column; a copy is the same credential in two hands. */
export const credentials = column => {
  const found = new Map();
  for (const who of ['person', 'thief']) {
    for (const kind of KINDS) {
      const kept = column[who].holds[kind];
      if (!kept) continue;
      const known = found.get(kept.text);
      if (known) {
        known.hands.push(who);
        known.refused ||= kept.refused;
      }
      else found.set(kept.text, { kind, ...kept, hands: [who] });
    }
  }
  return [...found.values()];
};

/** Writes the time that is left into a credential's bar. Called every second, and so it changes only what has changed. */
export const tick = (card, now) => {
  const [since, until] = [Number(card.dataset.since), Number(card.dataset.until)];
  const left = card.dataset.refused === 'true' ? 0 : until - now;
  const share = Math.min(1, Math.max(0, left / Math.max(1, until - since)));
  card.querySelector('.bar span').style.inlineSize = `${(share * 100).toFixed(1)}%`;
  card.dataset.over = String(left <= 0);
  const text = until <= now ? words.over(lasting(now - until)) : left > 0 ? words.left(lasting(left)) : words.refusedAlready;
  const place = card.querySelector('.left');
  if (place.textContent !== text) place.textContent = text;
};

/** A credential, with its bar and its inside. */
export const tokenCard = (credential, now, { isOpen, toWorkbench }) => {
  const inside = credential.kind === 'access'
    ? [
      element('h5', {}, words.header), element('pre', { tabindex: 0 }, unpacked(credential.text.split('.')[0])),
      element('h5', {}, words.claims), element('pre', { tabindex: 0 }, unpacked(credential.text.split('.')[1])),
      element('p', { class: 'hint' }, words.readable),
    ]
    : [element('p', { class: 'hint' }, words.opaque[credential.kind])];
  const card = element('li', { class: 'credential', 'data-kind': credential.kind, 'data-since': credential.since, 'data-until': credential.until, 'data-refused': String(credential.refused) },
    element('p', { class: 'name' }, element('span', {}, words.kind[credential.kind]),
      credential.hands.map(who => element('span', { class: 'hand', 'data-who': who }, words.hand[who]))),
    element('div', { class: 'bar', 'aria-hidden': 'true' }, element('span', {})),
    element('p', { class: 'left' }),
    element('details', { 'data-key': 'token-' + credential.text.slice(-16), open: isOpen('token-' + credential.text.slice(-16)) },
      element('summary', {}, words.inside[credential.kind]), element('pre', { tabindex: 0, class: 'whole' }, credential.text), inside,
      credential.kind === 'access' && element('button', { type: 'button', class: 'quiet', click: () => toWorkbench(credential.text) }, words.toWorkbench)));
  tick(card, now);
  return card;
};
