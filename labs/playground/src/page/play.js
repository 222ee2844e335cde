// The playground: one room, three real servers, and a page that shows what became of each request.
import { ACTIONS, showActions } from './actions.js';
import { column, told } from './column.js';
import { begin, spoken, words } from './language.js';
import { showResult } from './result.js';
import { act, asked, catchUp, done, open, reenter, room } from './room.js';
import { showTimeline } from './timeline.js';
import { tick } from './token.js';
import { showTour } from './tour.js';

const at = id => document.getElementById(id);
const folded = new Map();
const view = { step: 0, busy: true };

/** What somebody has opened or shut stays so, whatever is drawn anew. Columns are open where there is room for them. */
const isOpen = (key, roomy = false) => folded.get(key) ?? (roomy && matchMedia('(min-width: 60rem)').matches);

/** The room's time: its clock runs on as ours does. A step of the past stands still. */
const now = () => {
  const step = room.steps[view.step];
  return view.step === room.steps.length - 1 ? Date.now() / 1000 + step.moved : step.now;
};

const toWorkbench = token => {
  at('workshop').open = true;
  at('workbench').dispatchEvent(new CustomEvent('look', { detail: { token } }));
  at('wb-token')?.focus();
};

/** The book's own workbench reads its language when it starts, so a new language starts it anew. */
const showWorkbench = () => {
  // A place of its own each time, since the one of before is still being listened to.
  at('workbench').replaceWith(Object.assign(document.createElement('div'), { id: 'workbench' }));
  const script = document.createElement('script');
  script.src = '/page/workbench.js';
  script.addEventListener('load', () => script.remove());
  document.head.append(script);
};

const show = () => {
  const [step, before] = [room.steps[view.step], room.steps[view.step - 1]];
  const tools = { isOpen, toWorkbench };
  at('store-name').textContent = words.storeName(room.store);
  showTour(at('tour'), { actions: done(), busy: view.busy, walk, again });
  showActions(at('actions'), { act: action => walk([action]), again, cut: room.steps.at(-1).cut, line: room.line, busy: view.busy });
  showTimeline(at('timeline'), { steps: room.steps, at: view.step, go });
  at('columns').replaceChildren(...room.designs.map(design => column(design, step, before, now(), tools)));
  showResult(at('result'), room.designs, step);
};

/** Says aloud what changed: what was done, and who gets in. */
const say = step => {
  const who = design => `${spoken(design.title)}: ${['person', 'thief'].map(one => `${words[one]} ${words.verdict[one][step.columns[design.name][one].verdict]}`).join(words.comma)}`;
  at('said').textContent = [step.action ? words.did[step.action] : words.beginning, ...room.designs.map(who)].join(words.stop);
};

const trouble = problem => { at('trouble').textContent = problem ? words.trouble(words.problem[problem.code] || problem.message) : ''; };

const go = step => {
  view.step = step;
  show();
  say(room.steps[step]);
};

/** Does what nobody else may interrupt. */
const alone = async work => {
  if (view.busy && room.steps.length > 0) return;
  view.busy = true;
  document.body.setAttribute('aria-busy', 'true');
  if (room.steps.length > 0) show();
  trouble(null);
  try {
    await work();
  } catch (problem) {
    trouble(problem);
  }
  view.busy = false;
  document.body.removeAttribute('aria-busy');
  if (room.steps.length > 0) go(room.steps.length - 1);
};

/** Several things, one after the other, each to be seen. */
const walk = actions => alone(async () => {
  for (const action of actions) {
    if (!ACTIONS.has(action)) continue;
    await act(action);
    view.step = room.steps.length - 1;
    show();
  }
});

const again = () => alone(open);

/** The room of before a reload, or one of our own in which the address' scenario is played. */
const arrive = () => alone(async () => {
  const wished = asked();
  if (await reenter()) return;
  await open();
  for (const action of wished) await act(action);
});

begin(() => { showWorkbench(); if (room.steps.length > 0) { show(); say(room.steps[view.step]); } });
document.addEventListener('toggle', event => {
  const key = event.target.dataset?.key;
  if (key) folded.set(key, event.target.open);
}, true);
addEventListener('hashchange', () => { if (asked().join('.') !== done().join('.')) arrive(); });
addEventListener('focus', async () => {
  if (view.busy || room.steps.length === 0) return;
  // A room that cannot be fetched is told when something is done in it.
  if (await catchUp().catch(() => false)) go(room.steps.length - 1);
});
setInterval(() => { if (room.steps.length > 0) for (const card of document.querySelectorAll('.credential')) tick(card, now()); }, 1000);
showWorkbench();
arrive();
