// Fastify with @fastify/jwt: the fast Node framework with its own plugin, which checks tokens with fast-jwt. The answer has
// a schema, as Fastify recommends: its serializer is compiled once. Verified tokens are not cached, since a cache answers
// without checking; `libraries/` shows what it would save.

import { randomBytes, randomUUID, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import jwt from "@fastify/jwt";
import Fastify from "fastify";

const ACCESS_TTL_S = 900;
const KEY_ID = randomUUID();
const ISSUER = "https://authlab.example";
const AUDIENCE = "authlab-api";

const app = Fastify({ logger: false, bodyLimit: 16 * 1024 });
await app.register(jwt, {
  secret: randomBytes(32),
  sign: { algorithm: "HS256", kid: KEY_ID, iss: ISSUER, aud: AUDIENCE, expiresIn: ACCESS_TTL_S },
  verify: { algorithms: ["HS256"], allowedIss: ISSUER, allowedAud: AUDIENCE, requiredClaims: ["exp"] },
});

app.addHook("onSend", async (request, reply) => {
  reply.header("Cache-Control", "no-store");
});

app.post("/auth/signup", async (request, reply) => {
  if (!isPerson(request.body)) return problem(reply, 422, "invalid");
  const account = await signUp(request.body);
  if (account === undefined) return problem(reply, 409, "email_taken");
  return reply.code(201).send(credentials(account));
});

app.post("/auth/login", async (request, reply) => {
  if (!isPerson(request.body)) return problem(reply, 422, "invalid");
  const account = await logIn(request.body);
  if (account === undefined) return problem(reply, 401, "invalid_credentials");
  return credentials(account);
});

const text = { type: "string" };
const me = {
  type: "object",
  properties: { user_id: text, email: text, session_id: { type: "null" } },
  required: ["user_id", "email", "session_id"],
};
app.get("/me", { onRequest: authenticated, schema: { response: { 200: me } } }, async (request) => {
  return { user_id: request.user.sub, email: request.user.email, session_id: null };
});

app.setNotFoundHandler((request, reply) => problem(reply, 404, "not_found"));
app.setErrorHandler((error, request, reply) => {
  const status = error.statusCode ?? 500;
  problem(reply, status, status === 500 ? "internal" : "malformed");
});

// Which account is asking, by its access token.
async function authenticated(request, reply) {
  const isThere = request.headers.authorization !== undefined;
  try {
    await request.jwtVerify();
  } catch {
    const refused = isThere ? ', error="invalid_token"' : "";
    reply.header("WWW-Authenticate", `Bearer realm="authlab"${refused}`);
    return problem(reply, 401, isThere ? "invalid_token" : "unauthenticated");
  }
}

function credentials({ userId, email }) {
  const token = app.jwt.sign({ email, sub: userId, jti: randomUUID() }, { header: { typ: "at+jwt" } });
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

function problem(reply, status, code) {
  const body = { type: `/problems/${code}`, title: code, status, detail: code, code };
  return reply.code(status).type("application/problem+json").send(JSON.stringify(body));
}

console.log(`listening on ${await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT ?? 0) })}`);
// Whoever started this holds the other end of stdin: when that is gone, nobody is left to serve.
process.stdin.on("end", () => process.exit(0)).resume();
