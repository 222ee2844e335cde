// A page that uses the client as an application would. Everything about tokens is in the client.
import { AuthClient, ProblemError } from '/tabs/authlab-client.js';
import { language, words } from '/tabs/words.js';

const MOST_LINES = 50;
const at = id => document.getElementById(id);
const client = new AuthClient({ device: navigator.userAgentData?.platform });

document.documentElement.lang = language;
document.title = `authlab: ${words.title}`;
for (const place of document.querySelectorAll('[data-words]')) place.textContent = words[place.dataset.words];
at('another').search = `?lang=${language}`;
at('ideas').replaceChildren(...words.ideas.map(idea => Object.assign(document.createElement('li'), { textContent: idea })));

const tell = sentence => {
  const line = document.createElement('li');
  const time = Object.assign(document.createElement('time'), { textContent: new Date().toLocaleTimeString(language) });
  line.append(time, Object.assign(document.createElement('span'), { textContent: sentence }));
  at('log').prepend(line);
  while (at('log').children.length > MOST_LINES) at('log').lastChild.remove();
};

const show = ({ status, sessionId }) => {
  at('here').dataset.status = status;
  at('status').textContent = words.status[status];
  at('session').textContent = sessionId ? words.session(sessionId.slice(0, 8)) : '';
  at('account').hidden = status === 'in';
};

/** Does something with the client, and tells what came of it. */
const attempt = async (what, work) => {
  try {
    const said = await work();
    if (said) tell(said);
  } catch (error) {
    if (!(error instanceof ProblemError || error instanceof TypeError)) throw error;
    tell(words.failed(what, error.status ?? 0, error.code ?? ''));
  }
};

const get = async (path, read) => {
  const answer = await client.fetch(path);
  return words.answered(`GET ${path}`, answer.status, answer.ok ? read(await answer.json()) : '');
};

const acts = {
  me: () => get('/me', me => me.email),
  sessions: () => get('/auth/sessions', list => words.count(list.length)),
  logOut: () => client.logOut(),
  logOutEverywhere: () => client.logOut({ scope: 'global' }),
};

client.onChange(change => {
  show(change);
  tell(words.change[change.reason] ?? words.changed(words.status[change.status], change.reason));
});
at('account').addEventListener('submit', event => {
  event.preventDefault();
  const { value, textContent } = event.submitter ?? { value: 'logIn', textContent: words.logIn };
  attempt(textContent, async () => { await client[value](at('email').value, at('password').value); });
});
for (const button of document.querySelectorAll('[data-act]')) {
  button.addEventListener('click', () => attempt(button.textContent, acts[button.dataset.act]));
}
show(client.state);
attempt(words.here, async () => { await client.restore(); });
