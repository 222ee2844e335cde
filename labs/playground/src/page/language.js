// Which language the page speaks: the one that was chosen here, else the one that the command named, else the browser's.
import { english } from './english.js';
import { japanese } from './japanese.js';
import { keep, recall } from './keep.js';

const KEPT = 'authlab-language';
const ALL = { en: english, ja: japanese };
const root = document.documentElement;

const first = () => {
  const wishes = [recall('localStorage', KEPT), root.dataset.language, (navigator.language || '').slice(0, 2)];
  return wishes.find(wish => wish in ALL) || 'en';
};

export let words = english;

/** Changes the language, here and for the next visit. */
export const speak = (name, forLater = true) => {
  words = ALL[name];
  root.lang = name;
  if (forLater) keep('localStorage', KEPT, name);
  for (const place of document.querySelectorAll('[data-words]')) place.textContent = words[place.dataset.words];
  for (const button of document.querySelectorAll('[data-choose]')) {
    button.setAttribute('aria-pressed', String(button.dataset.choose === name));
  }
  document.title = words.pageTitle;
};

/** Speaks the first language, and listens to the switch. */
export const begin = changed => {
  speak(first(), false);
  for (const button of document.querySelectorAll('[data-choose]')) {
    button.addEventListener('click', () => { speak(button.dataset.choose); changed(); });
  }
};

/** What the server says in both languages, in the one that the page speaks. */
export const spoken = text => text[root.lang];

/** A length of time in words, with its two largest units. */
export const lasting = seconds => {
  const units = [[86400, words.unit.day], [3600, words.unit.hour], [60, words.unit.minute], [1, words.unit.second]];
  let rest = Math.max(0, Math.floor(seconds));
  const parts = [];
  for (const [size, name] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(name(count));
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.length > 0 ? parts.join(words.unit.between) : words.unit.second(0);
};
