// Makes made_by_jose.json: tokens and keys of the Node library jose, which `cargo lab token` is tested with.
//
//     npm install jose@6.2.18 && node made_by_jose.mjs > made_by_jose.json
//
// The keys protect nothing.
import * as jose from 'jose';

const claims = { iss: 'https://issuer.example', aud: 'api', sub: 'ann', iat: 1795000000, exp: 1795000900 };
const text = new TextEncoder();
const tokens = {}, keys = [], signers = {};
for (const alg of ['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'Ed25519']) {
  let signer, shown;
  if (alg.startsWith('HS')) {
    signer = shown = await jose.generateSecret(alg, { extractable: true });
  } else {
    const pair = await jose.generateKeyPair(alg, { extractable: true });
    [signer, shown] = [pair.privateKey, pair.publicKey];
  }
  const kid = `key-${alg}`;
  signers[alg] = signer;
  keys.push({ ...(await jose.exportJWK(shown)), kid, alg, use: 'sig', key_ops: ['verify'] });
  tokens[alg] = await new jose.SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'at+jwt' }).sign(signer);
}

const payload = text.encode('not JSON: $.02');
const general = await new jose.GeneralSign(payload)
  .addSignature(signers.ES256).setProtectedHeader({ alg: 'ES256' }).setUnprotectedHeader({ kid: 'key-ES256' })
  .addSignature(signers.HS256).setProtectedHeader({ alg: 'HS256', kid: 'key-HS256' })
  .sign();
const flattened = await new jose.FlattenedSign(text.encode(JSON.stringify(claims)))
  .setProtectedHeader({ alg: 'PS256', kid: 'key-PS256' }).sign(signers.PS256);
const unencoded = await new jose.FlattenedSign(payload)
  .setProtectedHeader({ alg: 'HS256', kid: 'key-HS256', b64: false, crit: ['b64'] }).sign(signers.HS256);
const signed = await new jose.CompactSign(text.encode('[1,2]')).setProtectedHeader({ alg: 'HS512', kid: 'key-HS512' }).sign(signers.HS512);
const [header, , signature] = signed.split('.');
const encrypted = await new jose.EncryptJWT(claims)
  .setProtectedHeader({ alg: 'dir', enc: 'A128CBC-HS256', typ: 'JWT' }).encrypt(await jose.generateSecret('A128CBC-HS256'));
const other = { general, flattened, unencoded: { ...unencoded, payload: 'not JSON: $.02' }, signed, detached: `${header}..${signature}`, encrypted };
console.log(JSON.stringify({ claims, tokens, jwks: { keys }, other }, null, 1));
