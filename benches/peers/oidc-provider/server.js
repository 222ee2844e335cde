// panva's oidc-provider, the certified OpenID Provider for Node, in its refresh grant: what a team runs that gives token
// issuing to a ready-made authorization server. Its configuration asks for what the hybrid does: access tokens are JWTs
// signed with HS256, refresh tokens are rotated at every exchange, and all state is in Redis, by an adapter written as its
// documentation says. A login needs pages and consent, which are not measured here: `/auth/login` makes the grant and the
// first refresh token with the provider's own models, as its interactions would.

import { createSecretKey, randomBytes, randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import Provider from "oidc-provider";

const ACCESS_TTL_S = 900;
const REFRESH_TTL_S = 30 * 24 * 3600;
const CLIENT_ID = "authlab";
const RESOURCE = "https://authlab.example/api";
// Without `openid`: an ID token, signed with RS256, would be more than the hybrid issues.
const SCOPE = "offline_access me";

const redis = new Redis(process.env.REDIS_URL, { keyPrefix: "peer-oidc:" });
redis.on("error", (error) => console.error(`redis: ${error.message}`));

// Kinds of entries that are used once: they are hashes, so that `consume` marks one without writing the rest again.
const CONSUMED = new Set(["AuthorizationCode", "RefreshToken", "DeviceCode", "BackchannelAuthenticationRequest"]);

class RedisAdapter {
  constructor(name) {
    this.name = name;
  }

  key(id) {
    return `${this.name}:${id}`;
  }

  async upsert(id, payload, expiresIn) {
    const key = this.key(id);
    const text = JSON.stringify(payload);
    const many = redis.multi();
    if (CONSUMED.has(this.name)) many.hset(key, { payload: text });
    else many.set(key, text);
    if (expiresIn) many.expire(key, expiresIn);
    if (payload.grantId && this.name !== "Grant") {
      const list = `grant:${payload.grantId}`;
      many.rpush(list, key);
      many.expire(list, REFRESH_TTL_S);
    }
    if (payload.uid) many.set(`uid:${payload.uid}`, id, "EX", expiresIn ?? REFRESH_TTL_S);
    if (payload.userCode) many.set(`userCode:${payload.userCode}`, id, "EX", expiresIn ?? REFRESH_TTL_S);
    await many.exec();
  }

  async find(id) {
    if (!CONSUMED.has(this.name)) {
      const text = await redis.get(this.key(id));
      return text === null ? undefined : JSON.parse(text);
    }
    const { payload, consumed } = await redis.hgetall(this.key(id));
    if (payload === undefined) return undefined;
    return { ...JSON.parse(payload), ...(consumed && { consumed: Number(consumed) }) };
  }

  async findByUid(uid) {
    const id = await redis.get(`uid:${uid}`);
    return id === null ? undefined : this.find(id);
  }

  async findByUserCode(userCode) {
    const id = await redis.get(`userCode:${userCode}`);
    return id === null ? undefined : this.find(id);
  }

  async consume(id) {
    await redis.hset(this.key(id), "consumed", Math.floor(Date.now() / 1000));
  }

  async destroy(id) {
    await redis.del(this.key(id));
  }

  async revokeByGrantId(grantId) {
    const list = `grant:${grantId}`;
    const keys = await redis.lrange(list, 0, -1);
    await redis.del(list, ...keys);
  }
}

const accounts = new Set();
const key = createSecretKey(randomBytes(32));

const provider = new Provider("https://authlab.example", {
  adapter: RedisAdapter,
  clients: [
    {
      client_id: CLIENT_ID,
      token_endpoint_auth_method: "none",
      application_type: "native",
      grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: ["com.example.authlab:/callback"],
      response_types: ["code"],
    },
  ],
  findAccount: (_context, id) =>
    accounts.has(id) ? { accountId: id, claims: () => ({ sub: id }) } : undefined,
  rotateRefreshToken: true,
  issueRefreshToken: () => true,
  routes: { token: "/auth/refresh" },
  cookies: { keys: [randomBytes(32).toString("base64url")] },
  ttl: { AccessToken: ACCESS_TTL_S, RefreshToken: REFRESH_TTL_S, Grant: REFRESH_TTL_S, IdToken: ACCESS_TTL_S },
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => RESOURCE,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: "me",
        audience: RESOURCE,
        accessTokenTTL: ACCESS_TTL_S,
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: "HS256", key, kid: "1" } },
      }),
    },
  },
});

// What an interaction would end with: a grant for this client, and its first refresh token.
provider.use(async (context, next) => {
  if (context.method !== "POST" || context.path !== "/auth/login") return next();
  const accountId = randomUUID();
  accounts.add(accountId);
  const client = await provider.Client.find(CLIENT_ID);
  const grant = new provider.Grant({ accountId, clientId: CLIENT_ID });
  grant.addOIDCScope(SCOPE);
  grant.addResourceScope(RESOURCE, "me");
  const grantId = await grant.save();
  const token = new provider.RefreshToken({
    accountId,
    client,
    grantId,
    gty: "authorization_code",
    resource: RESOURCE,
    scope: SCOPE,
    authTime: Math.floor(Date.now() / 1000),
  });
  context.body = { refresh_token: await token.save(), client_id: CLIENT_ID };
});

const server = provider.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
// The program that started this one holds the other end of stdin: this server ends with it.
process.stdin.on("end", () => process.exit(0)).resume();
