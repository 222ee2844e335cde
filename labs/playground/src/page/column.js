// One design: who gets in, what just happened, what the two hold, what the store holds, and every request.
import { door } from './door.js';
import { element } from './element.js';
import { lasting, spoken, words } from './language.js';
import { credentials, tokenCard } from './token.js';

/** What an action came to in a design, in a sentence. */
export const told = (design, step) => {
  if (!step.action) return words.nothingYet;
  const { outcome: came, person, thief } = step.columns[design.name];
  // Whoever refreshes after the other, and early enough, gets what the other got.
  const same = came === 'done' && /refreshes$/.test(step.action) && person.holds.refresh?.text === thief.holds.refresh?.text;
  const outcome = same ? 'same' : came;
  const own = design.outcomes[`${step.action} ${outcome}`];
  if (own) return spoken(own);
  const sentences = words.told[step.action] || {};
  return sentences[outcome] || words.outcome[outcome] || words.refused(outcome);
};

/** A key that may break after each colon: what is between is one name. */
const broken = key => key.split(/(?<=:)/).flatMap((part, index) => (index === 0 ? [part] : [element('wbr'), part]));

const entry = (kept, state, isOpen) => element('li', { class: 'entry', 'data-state': state },
  element('p', { class: 'key' }, element('code', {}, broken(kept.key)), state && element('span', { class: 'mark' }, words.state[state])),
  state !== 'gone' && kept.ttl !== undefined && element('p', { class: 'ttl' }, words.ttl(lasting(kept.ttl))),
  state !== 'gone' && kept.until !== undefined && element('p', { class: 'ttl' }, words.until(new Date(kept.until * 1000))),
  state !== 'gone' && element('details', { 'data-key': 'entry-' + kept.key, open: isOpen('entry-' + kept.key) },
    element('summary', {}, words.value), element('pre', { tabindex: 0 }, kept.value)));

const store = (design, now, before, isOpen) => {
  if (!design.stores) return element('p', { class: 'hint' }, words.keepsNothing);
  if (now.store_unseen) return element('p', { class: 'hint' }, words.storeUnseen(now.store_unseen));
  const known = new Map((before ? before.store : []).map(kept => [kept.key, kept.value]));
  const entries = now.store.map(kept => {
    const state = !before ? null : !known.has(kept.key) ? 'new' : known.get(kept.key) !== kept.value ? 'changed' : null;
    known.delete(kept.key);
    return entry(kept, state, isOpen);
  });
  for (const key of known.keys()) entries.push(entry({ key }, 'gone', isOpen));
  return entries.length > 0 ? element('ul', { class: 'entries' }, entries) : element('p', { class: 'hint' }, words.storeEmpty);
};

const request = (exchange, index, isOpen) => {
  const [method, path] = exchange.request.split(' ');
  const key = `request-${index}`;
  return element('li', { class: 'request', 'data-who': exchange.who, 'data-probe': String(exchange.probe) },
    element('details', { 'data-key': key, open: isOpen(key) },
      element('summary', {},
        element('span', { class: 'hand', 'data-who': exchange.who }, words[exchange.who]),
        element('code', {}, `${method} ${path}`), ' ',
        element('b', { class: 'status', 'data-class': String(exchange.status)[0] }, String(exchange.status)),
        exchange.store_calls > 0 && element('span', { class: 'calls' }, words.calls(exchange.store_calls))),
      element('h5', {}, words.sent), element('pre', { tabindex: 0 }, exchange.request),
      element('h5', {}, words.received), element('pre', { tabindex: 0 }, exchange.response)));
};

const requests = (column, isOpen) => {
  const indexed = column.exchanges.map((exchange, index) => [exchange, index]);
  const list = probe => indexed.filter(([exchange]) => exchange.probe === probe).map(([exchange, index]) => request(exchange, index, isOpen));
  const [own, probes] = [list(false), list(true)];
  return [
    own.length > 0 ? element('ul', { class: 'requests' }, own) : element('p', { class: 'hint' }, words.noRequest),
    probes.length > 0 && element('p', { class: 'hint' }, words.probes),
    probes.length > 0 && element('ul', { class: 'requests' }, probes),
  ];
};

/** A column as it was at a step. `before` is the step before it, `now` the time to count from. */
export const column = (design, step, before, now, tools) => {
  const seen = step.columns[design.name];
  const held = credentials(seen);
  const part = (name, ...content) => element('section', { class: 'part', 'data-part': name }, element('h4', {}, words.part[name]), ...content);
  const key = 'inside-' + design.name;
  return element('article', { class: 'column', 'data-design': design.name, 'aria-labelledby': 'name-' + design.name },
    element('div', { class: 'about' }, element('h3', { id: 'name-' + design.name }, spoken(design.title)), element('p', {}, spoken(design.about)),
      design.tabs && element('p', { class: 'own-tabs' },
        element('a', { href: `${design.tabs}?lang=${document.documentElement.lang}`, target: '_blank', rel: 'noopener' }, words.ownTabs))),
    element('div', { class: 'doors' }, door('person', seen.person.verdict), door('thief', seen.thief.verdict)),
    element('p', { class: 'told' }, told(design, step)),
    element('details', { class: 'all', 'data-key': key, open: tools.isOpen(key, true) },
      element('summary', {}, words.look),
      part('holds', held.length > 0
        ? element('ul', { class: 'credentials' }, held.map(one => tokenCard(one, now, tools)))
        : element('p', { class: 'hint' }, words.holdsNothing)),
      part('store', store(design, seen, before && before.columns[design.name], tools.isOpen)),
      part('requests', ...requests(seen, tools.isOpen))));
};
