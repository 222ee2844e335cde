// Has the JWT libraries of Node check one HS256 token over and over. The protocol is in benches/peers/README.md.

import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createVerifier } from "fast-jwt";
import { jwtVerify } from "jose";
import jwt from "jsonwebtoken";

const BATCH = 50; // checks between two looks at the clock

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { token, key_hex, issuer, audience, sub } = JSON.parse((await lines.next()).value);

const bytes = Buffer.from(key_hex, "hex");
const key = createSecretKey(bytes);
const rules = { algorithms: ["HS256"], issuer, audience };
const fastRules = { key: bytes, algorithms: ["HS256"], allowedIss: issuer, allowedAud: audience };

const libraries = {
  "fast-jwt": { package: "fast-jwt", check: createVerifier({ ...fastRules, cache: false }) },
  "fast-jwt with its cache": { package: "fast-jwt", check: createVerifier({ ...fastRules, cache: true }) },
  jsonwebtoken: { package: "jsonwebtoken", check: (token) => jwt.verify(token, key, rules) },
  "jsonwebtoken, key not prepared": { package: "jsonwebtoken", check: (token) => jwt.verify(token, bytes, rules) },
  jose: { package: "jose", check: async (token) => (await jwtVerify(token, key, rules)).payload },
};

// A refusal would be quick, and the figures fine; and what takes everything is no check.
for (const { check } of Object.values(libraries)) {
  assert.equal((await check(token)).sub, sub);
  await assert.rejects(async () => check(`${token.slice(0, -8)}AAAAAAAA`));
}

console.log(
  JSON.stringify(
    Object.entries(libraries).map(([library, { package: name }]) => ({
      library,
      version: JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version,
    })),
  ),
);

for await (const line of lines) {
  const { library, for_ms } = JSON.parse(line);
  console.log(JSON.stringify({ checks: await repeated(libraries[library].check, for_ms) }));
}
process.exit(0);

// A synchronous check is not awaited: that would add a turn of the event loop which its users do not pay.
async function repeated(check, for_ms) {
  const isAsync = check(token) instanceof Promise;
  const until = performance.now() + for_ms;
  for (let checks = BATCH; ; checks += BATCH) {
    if (isAsync) for (let i = 0; i < BATCH; i++) await check(token);
    else for (let i = 0; i < BATCH; i++) check(token);
    if (performance.now() >= until) return checks;
  }
}
