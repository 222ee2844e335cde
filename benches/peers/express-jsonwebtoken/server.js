// Express with jsonwebtoken: what most Node tutorials build, as its own documentation says it should be built. The
// algorithm, issuer and audience are pinned, and the key is a prepared KeyObject: handed over as a string, it is parsed
// again at every request, which costs several times more than the check itself.

import { createSecretKey, randomBytes, randomUUID, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import express from "express";
import jwt from "jsonwebtoken";

const ACCESS_TTL_S = 900;
const KEY = createSecretKey(randomBytes(32));
const KEY_ID = randomUUID();
const ISSUER = "https://authlab.example";
const AUDIENCE = "authlab-api";

const app = express();
app.disable("x-powered-by");
app.disable("etag"); // nothing here may be stored, so nothing needs a fingerprint
app.use(express.json({ limit: "16kb" }));
app.use((request, response, next) => {
  response.set("Cache-Control", "no-store");
  next();
});

app.post("/auth/signup", async (request, response) => {
  if (!isPerson(request.body)) return problem(response, 422, "invalid");
  const account = await signUp(request.body);
  if (account === undefined) return problem(response, 409, "email_taken");
  response.status(201).json(credentials(account));
});

app.post("/auth/login", async (request, response) => {
  if (!isPerson(request.body)) return problem(response, 422, "invalid");
  const account = await logIn(request.body);
  if (account === undefined) return problem(response, 401, "invalid_credentials");
  response.json(credentials(account));
});

app.get("/me", authenticated, (request, response) => {
  response.json({ user_id: request.auth.sub, email: request.auth.email, session_id: null });
});

app.use((request, response) => problem(response, 404, "not_found"));
app.use((error, request, response, next) => {
  problem(response, error.status ?? 500, error.status === undefined ? "internal" : "malformed");
});

// Which account is asking, by its access token.
function authenticated(request, response, next) {
  const [scheme, token] = (request.headers.authorization ?? "").split(" ");
  if (scheme.toLowerCase() !== "bearer" || token === undefined) {
    response.set("WWW-Authenticate", 'Bearer realm="authlab"');
    return problem(response, 401, "unauthenticated");
  }
  try {
    request.auth = jwt.verify(token, KEY, { algorithms: ["HS256"], issuer: ISSUER, audience: AUDIENCE });
  } catch {
    response.set("WWW-Authenticate", 'Bearer realm="authlab", error="invalid_token"');
    return problem(response, 401, "invalid_token");
  }
  next();
}

function credentials({ userId, email }) {
  const token = jwt.sign({ email }, KEY, {
    algorithm: "HS256",
    header: { kid: KEY_ID, typ: "at+jwt" },
    issuer: ISSUER,
    audience: AUDIENCE,
    subject: userId,
    jwtid: randomUUID(),
    expiresIn: ACCESS_TTL_S,
  });
  return { token_type: "Bearer", access_token: token, expires_in: ACCESS_TTL_S, user_id: userId };
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
