// Express with express-session and connect-redis: the session that most Node servers have. The cookie carries a signed
// id, the session lies in Redis. As its own documentation advises: no resave, no empty sessions. Reading a session still
// renews its time in Redis at every request, so one request is two commands.

import { randomBytes, randomUUID, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { RedisStore } from "connect-redis";
import express from "express";
import session from "express-session";
import { createClient } from "redis";

const IDLE_TTL_MS = 14 * 24 * 3600 * 1000;

const redis = createClient({ url: process.env.REDIS_URL });
redis.on("error", (error) => console.error(`redis: ${error.message}`));
await redis.connect();

const app = express();
app.disable("x-powered-by");
app.disable("etag"); // nothing here may be stored, so nothing needs a fingerprint
app.use(express.json({ limit: "16kb" }));
app.use((request, response, next) => {
  response.set("Cache-Control", "no-store");
  next();
});
app.use(
  session({
    store: new RedisStore({ client: redis, prefix: "peer-session:" }),
    secret: randomBytes(32).toString("base64url"),
    name: "session",
    resave: false,
    saveUninitialized: false,
    // "auto": Secure wherever the connection is, which on loopback it is not.
    cookie: { httpOnly: true, sameSite: "lax", secure: "auto", maxAge: IDLE_TTL_MS },
  }),
);

app.post("/auth/signup", async (request, response) => {
  if (!isPerson(request.body)) return problem(response, 422, "invalid");
  const account = await signUp(request.body);
  if (account === undefined) return problem(response, 409, "email_taken");
  await begin(request, account);
  response.status(201).json({ user_id: account.userId, email: account.email });
});

app.post("/auth/login", async (request, response) => {
  if (!isPerson(request.body)) return problem(response, 422, "invalid");
  const account = await logIn(request.body);
  if (account === undefined) return problem(response, 401, "invalid_credentials");
  await begin(request, account);
  response.json({ user_id: account.userId, email: account.email });
});

app.get("/me", (request, response) => {
  const { userId, email, sessionId } = request.session;
  if (userId === undefined) {
    response.set("WWW-Authenticate", 'Bearer realm="authlab"');
    return problem(response, 401, "unauthenticated");
  }
  response.json({ user_id: userId, email, session_id: sessionId });
});

app.use((request, response) => problem(response, 404, "not_found"));
app.use((error, request, response, next) => {
  problem(response, error.status ?? 500, error.status === undefined ? "internal" : "malformed");
});

// A new id at every log-in: one that somebody planted beforehand is worth nothing afterwards.
async function begin(request, { userId, email }) {
  await promisify(request.session.regenerate).call(request.session);
  Object.assign(request.session, { userId, email, sessionId: randomUUID() });
}

// Accounts live in memory: nobody measures a log-in here, it is only the way to a credential.
const accounts = new Map();
const derive = promisify(scrypt);
const NOBODY = { salt: randomBytes(16), hash: randomBytes(32) };

function isPerson(body) {
  return typeof body?.email === "string" && typeof body.password === "string";
}

async function signUp({ email, password }) {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, 32);
  if (accounts.has(email)) return undefined;
  const account = { userId: randomUUID(), email, salt, hash };
  accounts.set(email, account);
  return account;
}

async function logIn({ email, password }) {
  const account = accounts.get(email);
  const { salt, hash } = account ?? NOBODY; // an unknown address takes as long as a known one
  const same = timingSafeEqual(await derive(password, salt, 32), hash);
  return same ? account : undefined;
}

function problem(response, status, code) {
  const body = { type: `/problems/${code}`, title: code, status, detail: code, code };
  response.status(status).type("application/problem+json").send(JSON.stringify(body));
}

const server = app.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
// Whoever started this holds the other end of stdin: when that is gone, nobody is left to serve.
process.stdin.on("end", () => process.exit(0)).resume();
