// @ts-check
/**
 * The hybrid's client for browsers: it keeps a user logged in over all tabs of an origin.
 *
 * The refresh token is in an HttpOnly cookie, so no script sees it. The access token is in memory only. Three rules:
 *
 * 1. One tab at a time sends a request that changes the cookie (Web Locks). So no refresh races another one, and no late
 *    answer of a refresh overwrites the cookie of a newer login.
 * 2. Each refresh has an idempotency key that is stored before the request is sent. If the answer is lost, the next
 *    attempt sends the same key, also after a reload and from another tab.
 * 3. Only a 401 to a refresh ends the login state. After a 503, or without an answer, nobody is logged out.
 *
 * @typedef {'unknown' | 'in' | 'out'} Status `unknown` until the first answer
 * @typedef {{ status: Status, userId: string | null, sessionId: string | null }} State
 * @typedef {State & { reason: string }} Change `reason`: `signup`, `login`, `password`, `refresh`, `logout` or `deleted`, in
 *   any tab; or the code with which the server refused a refresh, such as `refresh_reused`
 * @typedef {{ signal?: AbortSignal }} Abortable
 * @typedef {State & { access: string | null, expiresAt: number, refreshAt: number, keepsKey?: boolean }} Login
 * @typedef {{ version: number, login: Login, reason: string }} News
 */

/** @type {Login} */
const UNKNOWN = { status: 'unknown', userId: null, sessionId: null, access: null, expiresAt: 0, refreshAt: 0 };
/** @type {Login} */
const OUT = { ...UNKNOWN, status: 'out' };
/** A token is renewed a tenth of its lifetime before its end, and not more than a minute. */
const MARGIN = { part: 0.1, mostMs: 60_000 };
/** The pause after a failure that names none. It doubles each time. */
const FIRST_PAUSE_MS = 300;
/** A longer `Retry-After` is the application's to deal with. */
const LONGEST_PAUSE_MS = 15_000;

/** A request that failed: the server's problem document (RFC 9457), or `status` 0 where no answer came. */
export class ProblemError extends Error {
  /**
   * @param {number} status @param {string} code @param {string} detail
   * @param {{ errors?: { pointer: string, detail: string }[], retryAfterMs?: number | null, cause?: unknown }} [more]
   */
  constructor(status, code, detail, { errors = [], retryAfterMs = null, cause } = {}) {
    super(detail, { cause });
    this.name = 'ProblemError';
    this.status = status;
    /** The contract's stable code, such as `invalid_credentials`, `refresh_reused`, `store_unavailable`; or `no_answer`. */
    this.code = code;
    /** For 422: each flaw with a JSON pointer to where it is. */
    this.errors = errors;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same request may succeed later. It says nothing about the credential. */
  get isTransient() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** Whether the server itself refuses the credential, and not a gateway before it that knows nothing of the contract. */
  get isRefusal() {
    return this.status === 401 && this.code !== 'unreadable';
  }

  /** @param {Response} response */
  static async from(response) {
    const problem = await response.json().catch(() => ({}));
    const after = response.headers.get('retry-after');
    // Seconds, or a date (RFC 9110 §10.2.3).
    const ms = after === null ? NaN : /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
    return new ProblemError(response.status, problem?.code ?? 'unreadable', problem?.detail ?? response.statusText, {
      errors: problem?.errors, retryAfterMs: Number.isNaN(ms) ? null : Math.max(0, ms),
    });
  }
}

export class AuthClient {
  #base; #name;
  /** @type {number} */ #timeoutMs;
  /** @type {number} */ #attempts;
  /** @type {string | undefined} */ #device;
  #login = UNKNOWN;
  #version = 0;
  /** @type {Set<(change: Change) => void>} */
  #listeners = new Set();
  /** @type {Promise<void> | undefined} The refresh that this tab waits for. */
  #refreshing;
  /** @type {Promise<unknown>} The last of this tab's turns, where there are no Web Locks. */
  #turns = Promise.resolve();
  #closed = new AbortController();
  #channel;

  /**
   * @param {object} [options]
   * @param {string} [options.baseUrl] the API's origin: this page's own, or a sibling's (`https://api.example`) that lists this one
   * @param {string} [options.device] what the list of sessions calls this device
   * @param {string} [options.name] prefix of the lock, the channel and the stored entries
   * @param {number} [options.timeoutMs] how long one request may take
   * @param {number} [options.attempts] how often a refresh or a logout is sent before it fails
   */
  constructor({ baseUrl = location.origin, device, name = 'authlab', timeoutMs = 10_000, attempts = 4 } = {}) {
    this.#base = new URL(baseUrl).origin;
    this.#name = `${name} ${this.#base}`;
    [this.#device, this.#timeoutMs, this.#attempts] = [device, timeoutMs, attempts];
    this.#channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(this.#name) : undefined;
    this.#channel?.addEventListener('message', ({ data }) => this.#hear(data));
    // A page that comes back from the back/forward cache has heard nothing meanwhile.
    globalThis.addEventListener?.('pageshow', ({ persisted }) => { if (persisted) this.token().catch(() => {}); }, { signal: this.#closed.signal });
  }

  /** @returns {State} */
  get state() {
    const { status, userId, sessionId } = this.#login;
    return { status, userId, sessionId };
  }

  /**
   * Tells of each change of status, user or session, whichever tab it happened in.
   * @param {(change: Change) => void} listener
   * @returns {() => void} ends the subscription
   */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** At the start of a page: finds out whether this browser is logged in. @param {Abortable} [options] */
  async restore({ signal } = {}) {
    await this.token({ signal });
    return this.state;
  }

  /**
   * If the account was made and the server can open no session at the moment, the state is `out`: let the user log in.
   * The same holds for `changePassword`.
   * @param {string} email @param {string} password @param {Abortable} [options]
   */
  signUp(email, password, options) {
    const body = { email, password, client: 'web', device: this.#device };
    return this.#enter('signup', () => this.#send('/auth/signup', body, options), options);
  }

  /** @param {string} email @param {string} password @param {Abortable} [options] */
  logIn(email, password, options) {
    const body = { email, password, client: 'web', device: this.#device };
    return this.#enter('login', () => this.#send('/auth/login', body, options), options);
  }

  /** Ends all sessions of the account and begins a new one here. @param {string} current @param {string} next @param {Abortable} [options] */
  changePassword(current, next, options) {
    const body = { current_password: current, new_password: next };
    return this.#enter('password', () => this.#sendAsUser('/auth/password', body, options), options);
  }

  /**
   * Ends this browser's session (`local`), all others (`others`), or all (`global`). If it fails, the user is still logged
   * in, and the page should say so.
   * @param {Abortable & { scope?: 'local' | 'others' | 'global' }} [options]
   */
  logOut({ scope = 'local', ...options } = {}) {
    // The cookie alone decides what `local` ends. An access token could be that of an earlier session.
    const send = () => (scope === 'local'
      ? this.#send('/auth/logout', { scope }, options) : this.#sendAsUser('/auth/logout', { scope }, options));
    return this.#retry(() => this.#leave('logout', send, scope !== 'others', options), options);
  }

  /** @param {string} password @param {Abortable} [options] */
  deleteAccount(password, options) {
    return this.#leave('deleted', () => this.#sendAsUser('/auth/account/delete', { password }, options), true, options);
  }

  /**
   * A live access token, or null where nobody is logged in.
   * @param {Abortable} [options]
   * @returns {Promise<string | null>}
   */
  async token({ signal } = {}) {
    if (this.#isStale()) await abortable(this.#refresh(this.#login.access), signal);
    // A store that is away must not stop requests whose token is still good: they do not wait for the early refresh.
    else if (this.#isDue()) this.#refresh(this.#login.access).catch(() => {});
    return this.#login.access;
  }

  /**
   * `fetch` with the access token, for the API's origin only. After a 401 it refreshes and sends once more, never twice,
   * and never for another user than the one who was logged in before. A path is relative to `baseUrl`.
   * @param {RequestInfo | URL} input @param {RequestInit} [init]
   */
  async fetch(input, init) {
    const request = new Request(input instanceof Request ? input : new URL(input, this.#base), init);
    if (new URL(request.url).origin !== this.#base) throw new TypeError(`${request.url} is not at ${this.#base}, so it gets no token`);
    const token = await this.token({ signal: request.signal });
    const { userId } = this.#login;
    const answer = await fetch(bearing(request.clone(), token));
    if (answer.status !== 401 || token === null) return answer;
    if (this.#login.access === token) await abortable(this.#refresh(token), request.signal);
    const renewed = this.#login;
    const isSameUser = renewed.access !== null && renewed.access !== token && renewed.userId === userId;
    return isSameUser ? fetch(bearing(request, renewed.access)) : answer;
  }

  /** Stops listening to the other tabs and gives up what is under way. */
  close() {
    this.#closed.abort();
    this.#channel?.close();
    this.#listeners.clear();
  }

  /** Whether the token must not be used: none was asked for yet, it has run out, or another tab has changed something. */
  #isStale() {
    const { status, expiresAt } = this.#login;
    return status === 'unknown' || this.#storedVersion() > this.#version || (status === 'in' && Date.now() >= expiresAt);
  }

  #isDue() {
    return this.#login.status === 'in' && Date.now() >= this.#login.refreshAt;
  }

  /** All callers of this tab wait for one refresh. @param {string | null} old the token that must be replaced */
  #refresh(old) {
    const options = { signal: this.#closed.signal };
    this.#refreshing ??= this.#retry(() => this.#alone(() => this.#exchange(old), options), options)
      .finally(() => { this.#refreshing = undefined; });
    return this.#refreshing;
  }

  // ANCHOR: exchange
  /** One refresh, in this browser's turn. @param {string | null} old @param {Abortable} [options] */
  async #exchange(old, options = { signal: this.#closed.signal }) {
    // While this tab waited for its turn, another one has refreshed.
    if (!this.#isStale() && this.#login.access !== old) return;
    const version = this.#storedVersion();
    const key = this.#read('exchange') ?? newKey();
    this.#write('exchange', key); // before the request: it must be found again when the answer is lost
    const response = await this.#send('/auth/refresh', {}, options, { 'idempotency-key': key });
    const problem = response.ok ? null : await ProblemError.from(response);
    if (problem && !problem.isRefusal) throw problem; // says nothing about the session
    this.#write('exchange', null); // an answer came, and with it the cookie
    const login = problem ? OUT : await loginOf(response);
    if (login.keepsKey) this.#write('exchange', key); // the token stays: the exchange is still to be done
    // Without Web Locks a login of another tab can overtake a refresh, and this is the answer about the session before.
    if (!locks() && this.#storedVersion() !== version) throw noAnswer('another tab has logged in or out meanwhile');
    this.#become(login, problem?.code ?? 'refresh');
  }
  // ANCHOR_END: exchange

  /** Sends what opens a session. @param {string} reason @param {() => Promise<Response>} send @param {Abortable} [options] */
  #enter(reason, send, options) {
    return this.#alone(async () => {
      const response = await send();
      if (!response.ok) throw await ProblemError.from(response);
      this.#write('exchange', null); // the cookie that it was for is gone
      // If the body is lost, the cookie has come all the same, and a refresh brings the rest.
      this.#become(await loginOf(response).catch(() => UNKNOWN), reason);
      if (this.#login.status === 'unknown') await this.#exchange(null, options);
      return this.state;
    }, options);
  }

  /** Sends what ends sessions. @param {string} reason @param {() => Promise<Response>} send @param {boolean} isOut @param {Abortable} [options] */
  #leave(reason, send, isOut, options) {
    return this.#alone(async () => {
      const response = await send();
      if (!response.ok) throw await ProblemError.from(response);
      if (!isOut) return;
      this.#write('exchange', null);
      this.#become(OUT, reason);
    }, options);
  }

  /** In this browser's turn: with a live access token, renewed once if it is refused. @param {string} path @param {object} body @param {Abortable} [options] */
  async #sendAsUser(path, body, options) {
    if (this.#isStale()) await this.#exchange(this.#login.access, options);
    const { access, userId } = this.#login;
    const answer = await this.#send(path, body, options, authorization(access));
    if (answer.status !== 401 || access === null) return answer;
    await this.#exchange(access, options);
    return this.#login.userId === userId ? this.#send(path, body, options, authorization(this.#login.access)) : answer;
  }

  /**
   * Never with `keepalive`: a refresh that outlives its page would set its cookie after the lock is free.
   * @param {string} path @param {object} body @param {Abortable} [options] @param {Record<string, string>} [headers]
   */
  async #send(path, body, { signal } = {}, headers = {}) {
    const patience = AbortSignal.timeout(this.#timeoutMs);
    try {
      return await fetch(this.#base + path, {
        method: 'POST', credentials: 'include', cache: 'no-store', body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers }, signal: signal ? AbortSignal.any([signal, patience]) : patience,
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw noAnswer(`${path}: no answer`, cause);
    }
  }

  /**
   * Sends again what may be repeated. Between two attempts the lock is free, so a login need not wait for an outage to end.
   * @template T @param {() => Promise<T>} work @param {Abortable} [options] @returns {Promise<T>}
   */
  async #retry(work, { signal } = {}) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof ProblemError && error.isTransient) || attempt >= this.#attempts) throw error;
        const least = error.retryAfterMs ?? FIRST_PAUSE_MS * 2 ** (attempt - 1);
        if (least > LONGEST_PAUSE_MS) throw error;
        // Never before the time that the server names, and not all browsers at the same moment.
        await abortable(new Promise(resolve => { setTimeout(resolve, least * (1 + Math.random() / 2)); }), signal);
      }
    }
  }

  /**
   * Runs `work` while no other tab of this origin does. Without Web Locks (a browser from before 2022) only this tab's own
   * requests wait for each other.
   * @template T @param {() => Promise<T>} work @param {Abortable} [options] @returns {Promise<T>}
   */
  #alone(work, { signal } = {}) {
    const manager = locks();
    if (manager) return /** @type {Promise<any>} */ (manager.request(this.#name, { signal }, work));
    const turn = this.#turns.then(() => { signal?.throwIfAborted(); return work(); });
    this.#turns = turn.catch(() => {});
    return turn;
  }

  /** A new state of this browser, told to the other tabs. @param {Login} login @param {string} reason */
  #become(login, reason) {
    const news = { version: Math.max(Date.now(), this.#storedVersion() + 1), login, reason };
    this.#write('version', String(news.version));
    this.#channel?.postMessage(news);
    this.#hear(news);
  }

  /** @param {News} news of this tab or of another; what is older than the present state arrived late. */
  #hear({ version, login, reason }) {
    if (!(version > this.#version)) return;
    const before = this.#login;
    [this.#version, this.#login] = [version, login];
    if (before.status === login.status && before.userId === login.userId && before.sessionId === login.sessionId) return;
    for (const listener of [...this.#listeners]) {
      try { listener({ ...this.state, reason }); } catch (error) { queueMicrotask(() => { throw error; }); }
    }
  }

  #storedVersion() {
    return Math.max(Number(this.#read('version')), this.#version);
  }

  /** @param {'exchange' | 'version'} entry */
  #read(entry) {
    try { return localStorage.getItem(`${this.#name} ${entry}`); } catch { return null; }
  }

  /** Where there is no localStorage, a reload forgets the key. @param {'exchange' | 'version'} entry @param {string | null} value */
  #write(entry, value) {
    const name = `${this.#name} ${entry}`;
    try {
      if (value === null) localStorage.removeItem(name); else localStorage.setItem(name, value);
    } catch { /* Storage is blocked or full: this tab goes on without it. */ }
  }
}

const locks = () => globalThis.navigator?.locks;
/** @param {string} detail @param {unknown} [cause] */
const noAnswer = (detail, cause) => new ProblemError(0, 'no_answer', detail, { cause });
/** `crypto.randomUUID` exists in secure contexts only. */
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');
/** @param {string | null} token @returns {Record<string, string>} */
const authorization = token => (token === null ? {} : { authorization: `Bearer ${token}` });

/** @param {Request} request @param {string | null} token */
const bearing = (request, token) => {
  if (token !== null) request.headers.set('authorization', `Bearer ${token}`);
  return request;
};

/** What the body of a login or a refresh says. @param {Response} response @returns {Promise<Login>} */
const loginOf = async response => {
  const body = await response.json().catch(cause => { throw noAnswer('the body of the response was lost', cause); });
  if (body.log_in === 'required') return OUT; // the account was made or changed, and its store opens no session now
  // Wall-clock time: it goes on while a laptop sleeps, and is the same in all tabs.
  const [now, ttlMs] = [Date.now(), body.expires_in * 1000];
  return {
    status: 'in', userId: body.user_id, sessionId: body.session_id, access: body.access_token,
    keepsKey: body.refresh_kept === true, expiresAt: now + ttlMs, refreshAt: now + ttlMs - Math.min(MARGIN.mostMs, ttlMs * MARGIN.part),
  };
};

/** Waits for `promise`, or for the caller to lose interest. What others wait for goes on. @template T @param {Promise<T>} promise @param {AbortSignal} [signal] @returns {Promise<T>} */
const abortable = (promise, signal) => (signal ? new Promise((resolve, reject) => {
  const giveUp = () => reject(signal.reason);
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
}) : promise);
