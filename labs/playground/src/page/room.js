// The room on the server: opened, found again after a reload, and everything that was done in it.
//
// What was done stands in the address, after the #, so that an address is a scenario: whoever opens it gets a room of their
// own in which the same things are done.
import { ACTIONS } from './actions.js';
import { keep, recall } from './keep.js';

const KEPT = 'authlab-room';
const MOST = 60;

/** What the room looks like now: a name, the store's name, how the line to it is cut, its designs, and all steps. */
export const room = { name: null, store: '', line: 'switch', designs: [], steps: [] };

const ask = async (path, body) => {
  const options = body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(path, options).catch(() => { throw Object.assign(new Error(path), { code: 'away' }); });
  const content = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(content.detail), { code: content.code });
  return content;
};

const enter = found => {
  room.name = found.room;
  room.store = found.store;
  room.line = found.line;
  room.designs = found.designs;
  room.steps = found.steps;
  keep('sessionStorage', KEPT, found.room);
};

const named = () => location.hash.slice(1).split('.').filter(name => ACTIONS.has(name));

/** The actions that an address asks for. What is none is left out. */
export const asked = () => named().slice(0, MOST);

/** The actions that were done here. */
export const done = () => room.steps.slice(1).map(step => step.action);

/** The address of this room's scenario. */
export const address = actions => '#' + actions.join('.');

const tell = () => history.replaceState(null, '', done().length > 0 ? address(done()) : location.pathname + location.search);

/** A new, empty room. */
export const open = async () => {
  enter(await ask('/rooms', {}));
  tell();
};

/** The room of before the reload; none if there was none, or if the address asks for another scenario. */
export const reenter = async () => {
  const name = recall('sessionStorage', KEPT);
  if (!name) return false;
  try {
    const found = await ask('/rooms/' + encodeURIComponent(name));
    const same = found.steps.slice(1).map(step => step.action).join('.') === named().join('.');
    if (!same) return false;
    enter(found);
    return true;
  } catch (problem) {
    if (problem.code === 'no_such_room') return false;
    throw problem;
  }
};

/** Does one thing, in every column. */
export const act = async action => {
  const step = await ask(`/rooms/${room.name}/steps`, { action });
  // A browser that duplicates a tab copies the room's name: then both tabs are in one room, and each may miss the other's steps.
  if (step.number === room.steps.length) room.steps.push(step);
  else enter(await ask('/rooms/' + room.name));
  tell();
  return step;
};

/** Fetches the steps of another tab in this room. Answers whether there were any. */
export const catchUp = async () => {
  const found = await ask('/rooms/' + room.name);
  if (found.room !== room.name || found.steps.length <= room.steps.length) return false;
  enter(found);
  tell();
  return true;
};
