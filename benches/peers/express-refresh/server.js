// Express with jsonwebtoken and rotated refresh tokens in Redis: what a Node team writes itself when access tokens are to
// be short. A refresh token is random, Redis knows its SHA-256 hash, and an exchange deletes the old one and stores a new
// one. It does less than the hybrid: a replayed token is refused, but nothing ends the session of the thief who came first.

import { createHash, createSecretKey, randomBytes, randomUUID, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import express from "express";
import jwt from "jsonwebtoken";
import { createClient } from "redis";

const ACCESS_TTL_S = 900;
const REFRESH_TTL_S = 30 * 24 * 3600;
const KEY = createSecretKey(randomBytes(32));
const KEY_ID = randomUUID();
const ISSUER = "https://authlab.example";
const AUDIENCE = "authlab-api";

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

app.post("/auth/signup", async (request, response) => {
  if (!isPerson(request.body)) return problem(response, 422, "invalid");
  const account = await signUp(request.body);
  if (account === undefined) return problem(response, 409, "email_taken");
  response.status(201).json(await credentials(account));
});

app.post("/auth/login", async (request, response) => {
  if (!isPerson(request.body)) return problem(response, 422, "invalid");
  const account = await logIn(request.body);
  if (account === undefined) return problem(response, 401, "invalid_credentials");
  response.json(await credentials(account));
});

app.post("/auth/refresh", async (request, response) => {
  if (typeof request.body?.refresh_token !== "string") return problem(response, 422, "invalid");
  // Read and deleted in one command, so that of two exchanges of one token only the first gets anything.
  const account = await redis.getDel(stored(request.body.refresh_token));
  if (account === null) return problem(response, 401, "invalid_token");
  response.json(await credentials(JSON.parse(account)));
});

app.use((request, response) => problem(response, 404, "not_found"));
app.use((error, request, response, next) => {
  problem(response, error.status ?? 500, error.status === undefined ? "internal" : "malformed");
});

// The key of a refresh token in Redis: a reader of the database finds hashes, which cannot be exchanged.
function stored(refreshToken) {
  return `peer-refresh:${createHash("sha256").update(refreshToken).digest("base64url")}`;
}

async function credentials({ userId, email }) {
  const refreshToken = randomBytes(32).toString("base64url");
  await redis.set(stored(refreshToken), JSON.stringify({ userId, email }), { EX: REFRESH_TTL_S });
  const token = jwt.sign({ email }, KEY, {
    algorithm: "HS256",
    header: { kid: KEY_ID, typ: "at+jwt" },
    issuer: ISSUER,
    audience: AUDIENCE,
    subject: userId,
    jwtid: randomUUID(),
    expiresIn: ACCESS_TTL_S,
  });
  return {
    token_type: "Bearer",
    access_token: token,
    expires_in: ACCESS_TTL_S,
    refresh_token: refreshToken,
    user_id: userId,
  };
}

// Accounts are in memory: logins are not measured here, they only issue a credential.
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
// The program that started this one holds the other end of stdin: this server ends with it.
process.stdin.on("end", () => process.exit(0)).resume();
