// The token workbench: takes a token apart, lets it be edited and signed, and judges it twice. It has no way to send or to
// store anything: no request, no cookie, no storage.
//
// To have it on a page: an element with the id `workbench`, this script after it (or with `defer`), and the rules for
// `#workbench` out of book.css. It fills the element, in the language of `<html lang>`, and touches nothing else. There is
// one on a page. A page that has a token to look at hands it over:
//
//     document.getElementById('workbench').dispatchEvent(new CustomEvent('look', { detail: { token, secret } }));
//
// `secret` may be left out: then no signature can be checked, and a strict check says so.
(() => {
  'use strict';
  const place = document.getElementById('workbench');
  if (!place) return;
  // What it says, in one table for each language. Both have the same keys.
  const WORDS = {
    en: {
      token: 'Token', secret: 'Secret', header: 'Header', claims: 'Claims', sign: 'Sign with the secret',
      keep: 'Edits keep the old signature until you sign again.', naive: 'A naive check', strict: 'A strict check',
      letsIn: 'lets it in', refuses: 'refuses it',
      noCrypto: 'WebCrypto is not available on this page, so signatures cannot be checked.',
      unreadable: 'This is not valid JSON, so the token has not changed.', presets: 'Try',
      preset: {
        fresh: 'A fresh token', admin: 'Make me admin', none: 'alg: none', noExp: 'No exp', late: 'Expired 30 s ago',
        aud: 'For another service', typ: 'A refresh token',
      },
      rule: {
        parts: 'three parts in base64url, at most 4096 bytes', alg: 'alg is HS256: the token cannot choose another',
        typ: 'typ is at+jwt', crit: 'the token requires no extension', key: 'the secret has 32 bytes or more',
        signature: 'the signature matches', iss: 'iss is https://authlab.example', aud: 'aud is authlab-api',
        sub: 'sub is present', exp: 'exp is present and in the future, to the second',
        iat: 'iat is not in the future', naiveAlg: 'checks the signature as alg says',
        naiveNone: 'alg says none: no signature to check', naiveExp: 'exp, if present, was at most 60 s ago',
      },
    },
    ja: {
      token: 'トークン', secret: '共有鍵', header: 'ヘッダー', claims: 'クレーム', sign: 'この共有鍵で署名する',
      keep: '署名し直すまで、編集しても古い署名のままです。', naive: '素朴な検証', strict: '厳格な検証', letsIn: '通します', refuses: '拒否します',
      noCrypto: 'このページでは WebCrypto が使えないため、署名を検証できません。', unreadable: 'JSON として読めないため、トークンは変えていません。', presets: '試す',
      preset: {
        fresh: '新しいトークン', admin: '管理者になる', none: 'alg: none', noExp: 'exp なし', late: '30 秒前に期限切れ', aud: '別のサービス宛て',
        typ: 'リフレッシュトークン',
      },
      rule: {
        parts: 'base64url の 3 つの部分からなり、4096 バイト以下である', alg: 'alg は HS256 である(トークンには選ばせない)', typ: 'typ は at+jwt である',
        crit: '拡張を要求していない', key: '共有鍵は 32 バイト以上ある', signature: '署名が正しい', iss: 'iss は https://authlab.example である',
        aud: 'aud は authlab-api である', sub: 'sub がある', exp: 'exp があり、1 秒も過ぎていない', iat: 'iat は未来ではない',
        naiveAlg: 'alg に従って署名を検証する', naiveNone: 'alg が none なので、検証する署名がない', naiveExp: 'exp があれば、過ぎていても 60 秒までは許す',
      },
    },
  };
  const words = WORDS[document.documentElement.lang === 'ja' ? 'ja' : 'en'];
  const text = new TextEncoder();
  const SECRET = 'a secret of the lesson, 32 bytes+';

  const encode = bytes => btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  const decode = part => {
    if (!/^[A-Za-z0-9_-]+$/.test(part)) return null;
    try {
      const bytes = Uint8Array.from(atob(part.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0));
      return encode(bytes) === part ? bytes : null;
    } catch { return null; }
  };
  const json = part => {
    const bytes = decode(part || '');
    try {
      const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
      return value && typeof value === 'object' && !Array.isArray(value) ? value : null;
    } catch { return null; }
  };
  const hmac = async (secret, message) => {
    const bytes = text.encode(secret);
    if (!globalThis.crypto || !crypto.subtle || bytes.length === 0) return null;
    const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    return encode(new Uint8Array(await crypto.subtle.sign('HMAC', key, text.encode(message))));
  };

  // The page. Every control has a label; verdicts are told in a live region, in words and not by colour alone.
  place.innerHTML = `
    <p class="presets" role="group" aria-label="${words.presets}"></p>
    <label for="wb-token">${words.token}</label><textarea id="wb-token" rows="6" spellcheck="false" autocomplete="off"></textarea>
    <div class="pair">
      <div><label for="wb-header">${words.header}</label><textarea id="wb-header" rows="12" spellcheck="false"></textarea></div>
      <div><label for="wb-claims">${words.claims}</label><textarea id="wb-claims" rows="12" spellcheck="false"></textarea></div>
    </div>
    <label for="wb-secret">${words.secret}</label>
    <div class="signing"><input id="wb-secret" spellcheck="false" autocomplete="off"><button type="button" id="wb-sign">${words.sign}</button></div>
    <p id="wb-said" role="status">${words.keep}</p>
    <div class="pair" aria-live="polite"><section id="wb-naive"></section><section id="wb-strict"></section></div>`;
  const at = id => document.getElementById(id);
  const [token, header, claims, secret, said] = ['token', 'header', 'claims', 'secret', 'said'].map(name => at('wb-' + name));

  const naive = (parts, head, body, signed, now) => {
    const none = String(head && head.alg).toLowerCase() === 'none';
    return [
      [none ? words.rule.naiveNone : words.rule.naiveAlg, !!head && !!body && (none || signed)],
      [words.rule.naiveExp, !!body && (body.exp === undefined || body.exp + 60 > now)],
    ];
  };
  const strict = (parts, head, body, signed, now) => [
    [words.rule.parts, parts.length === 3 && token.value.length <= 4096 && !!head && !!body && !!decode(parts[2])],
    [words.rule.alg, !!head && head.alg === 'HS256'],
    [words.rule.typ, !!head && head.typ === 'at+jwt'],
    [words.rule.crit, !!head && !('crit' in head) && !('b64' in head)],
    [words.rule.key, text.encode(secret.value).length >= 32],
    [words.rule.signature, signed],
    [words.rule.iss, !!body && body.iss === 'https://authlab.example'],
    [words.rule.aud, !!body && body.aud === 'authlab-api'],
    [words.rule.sub, !!body && typeof body.sub === 'string' && body.sub !== ''],
    [words.rule.exp, !!body && Number.isInteger(body.exp) && now < body.exp],
    [words.rule.iat, !!body && Number.isInteger(body.iat) && body.iat <= now + 5],
  ];
  const tell = (section, name, rules) => {
    const good = rules.every(([, holds]) => holds);
    const list = rules.map(([rule, holds]) => `<li class="${holds ? 'holds' : 'fails'}">${holds ? '✓' : '✗'} ${rule}</li>`);
    section.dataset.verdict = good ? 'in' : 'out';
    section.innerHTML = `<p class="verdict">${name}: <strong>${good ? words.letsIn : words.refuses}</strong></p><ul>${list.join('')}</ul>`;
  };
  const judge = async () => {
    const parts = token.value.trim().split('.');
    const [head, body] = [json(parts[0]), json(parts[1])];
    const expected = await hmac(secret.value, parts[0] + '.' + parts[1]);
    const signed = expected !== null && parts[2] === expected;
    const now = Math.floor(Date.now() / 1000);
    tell(at('wb-naive'), words.naive, naive(parts, head, body, signed, now));
    tell(at('wb-strict'), words.strict, strict(parts, head, body, signed, now));
    if (expected === null && secret.value) said.textContent = words.noCrypto;
  };
  const show = () => {
    const parts = token.value.trim().split('.');
    for (const [area, part] of [[header, parts[0]], [claims, parts[1]]]) {
      const value = json(part);
      area.value = value ? JSON.stringify(value, null, 2) : '';
    }
    return judge();
  };
  // An edit goes into the token. The signature stays what it was: that is what an attacker without the key can do.
  const edited = () => {
    try {
      const pieces = [header, claims].map(area => encode(text.encode(JSON.stringify(JSON.parse(area.value)))));
      const signature = token.value.trim().split('.')[2] || '';
      token.value = [...pieces, signature].join('.');
      said.textContent = words.keep;
    } catch { said.textContent = words.unreadable; }
    return judge();
  };
  const sign = async () => {
    const parts = token.value.trim().split('.');
    const signature = await hmac(secret.value, parts[0] + '.' + parts[1]);
    if (signature !== null) token.value = [parts[0], parts[1], signature].join('.');
    return judge();
  };
  const fresh = async () => {
    const now = Math.floor(Date.now() / 1000);
    secret.value = SECRET;
    header.value = JSON.stringify({ alg: 'HS256', kid: '1', typ: 'at+jwt' });
    claims.value = JSON.stringify({
      iss: 'https://authlab.example', aud: 'authlab-api', sub: '5f0c7b1e-3c1d-4c8e-9a53-2f8a2f0d9a11',
      iat: now, exp: now + 900, jti: '8f14e45f-ceea-467f-9b6a-1c3c2a7d5b10', email: 'ann@example.test', role: 'user',
    });
    token.value = '..';
    await edited();
    await sign();
    return show();
  };
  // Each preset says whether its author has the key.
  const change = (area, make, resign) => async () => {
    await fresh();
    area.value = JSON.stringify(make(JSON.parse(area.value)), null, 2);
    await edited();
    if (resign) await sign();
    return show();
  };
  const without = (name, value) => { const { [name]: _gone, ...rest } = value; return rest; };
  const presets = {
    fresh,
    admin: change(claims, value => ({ ...value, role: 'admin' }), false),
    none: async () => {
      await change(header, value => ({ ...value, alg: 'none' }), false)();
      token.value = token.value.split('.').slice(0, 2).join('.') + '.';
      return judge();
    },
    noExp: change(claims, value => without('exp', value), true),
    late: change(claims, value => ({ ...value, iat: value.iat - 930, exp: value.exp - 930 }), true),
    aud: change(claims, value => ({ ...value, aud: 'another-service' }), true),
    typ: change(header, value => ({ ...value, typ: 'refresh' }), true),
  };
  // One after the other, however fast they are pressed: each waits for signatures.
  let last = Promise.resolve();
  for (const [name, run] of Object.entries(presets)) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = words.preset[name];
    button.dataset.preset = name;
    button.addEventListener('click', () => { last = last.then(run); });
    place.querySelector('.presets').append(button);
  }
  token.addEventListener('input', show);
  secret.addEventListener('input', judge);
  header.addEventListener('input', edited);
  claims.addEventListener('input', edited);
  place.addEventListener('look', event => {
    last = last.then(() => {
      token.value = event.detail.token;
      secret.value = event.detail.secret || '';
      return show();
    });
  });
  at('wb-sign').addEventListener('click', () => { last = last.then(sign); });
  last = last.then(fresh);
})();
