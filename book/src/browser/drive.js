// Does what a reader does, in a frame, and sends home what was wrong with it. `plan` says which pages there are.
(async () => {
  'use strict';
  const report = {};
  const frame = document.createElement('iframe');
  const errors = [];
  const LIMIT = 15000;

  const until = async (holds, what) => {
    const start = performance.now();
    while (performance.now() - start < LIMIT) {
      try { const found = holds(); if (found) return found; } catch { /* the page is not there yet */ }
      await new Promise(go => setTimeout(go, 25));
    }
    throw new Error('waited in vain for ' + what);
  };
  const page = () => frame.contentDocument;
  const all = selector => [...page().querySelectorAll(selector)];
  const open = async (url, width = 1200) => {
    frame.style.width = width + 'px';
    const loaded = new Promise(done => { frame.onload = done; });
    frame.src = 'about:blank';
    await loaded;
    const there = new Promise(done => { frame.onload = done; });
    frame.src = url;
    await there;
    frame.contentWindow.addEventListener('error', event => errors.push(url + ': ' + event.message));
  };
  const equal = (seen, expected, what) => {
    if (seen !== expected) throw new Error(`${what}: ${JSON.stringify(seen)} instead of ${JSON.stringify(expected)}`);
  };
  const tryOut = async (what, how) => {
    try { report[what] = await how() || null; } catch (error) { report[what] = String(error); }
  };

  const search = async (language, word, target, header) => {
    await open(`/${language}/introduction.html`);
    page().getElementById('mdbook-search-toggle').click();
    const bar = await until(() => page().getElementById('mdbook-searchbar'), 'the search bar');
    bar.value = word;
    for (const kind of ['input', 'keyup']) bar.dispatchEvent(new frame.contentWindow.KeyboardEvent(kind, { bubbles: true }));
    await until(() => all('#mdbook-searchresults a').some(link => link.href.includes(target)), `${target} among the results`);
    const said = page().getElementById('mdbook-searchresults-header').textContent;
    if (!said.includes(header)) throw new Error('the header says: ' + said);
  };
  const verdicts = () => ['wb-naive', 'wb-strict'].map(id => page().getElementById(id).dataset.verdict).join(' ');
  const press = async (selector, expected) => {
    page().querySelector(selector).click();
    await until(() => verdicts() === expected, `${expected} after ${selector}; it is ${verdicts()}`);
  };

  document.body.append(frame);
  frame.style.height = '1000px';

  await tryOut('search in English', () => search('en', 'reuse detection', 'rotation.html', 'search results for'));
  await tryOut('search in Japanese', () => search('ja', '再利用検知', 'rotation.html', '検索結果'));
  await tryOut('search in Japanese, a part of a word', () => search('ja', '改ざん', 'glossary.html', '検索結果'));

  await tryOut('language switch', async () => {
    await open('/en/hybrid.html#paths');
    const link = await until(() => page().querySelector('.right-buttons .other-language a'), 'the link in the bar');
    link.click();
    await until(() => frame.contentWindow.location.pathname === '/ja/hybrid.html' && page().readyState === 'complete', 'the other page');
    equal(page().documentElement.lang, 'ja', 'the language');
    equal(frame.contentWindow.location.hash, '#paths', 'the place');
    const back = await until(() => page().querySelector('.right-buttons .other-language a'), 'the way back');
    equal(back.getAttribute('href'), '../en/hybrid.html#paths', 'the way back');
    equal(page().querySelector('#mdbook-searchbar').placeholder, 'この本を検索…', 'the interface');
  });

  await tryOut('workbench', async () => {
    await open('/en/workbench.html');
    await until(() => verdicts() === 'in in', 'a fresh token that is let in');
    const before = frame.contentWindow.performance.getEntriesByType('resource').length;
    const stored = frame.contentWindow.localStorage.length + frame.contentWindow.sessionStorage.length;
    await press('[data-preset=admin]', 'out out');
    await press('#wb-sign', 'in in');
    for (const preset of ['none', 'noExp', 'late', 'aud', 'typ']) {
      await press(`[data-preset=${preset}]`, 'in out');
      await press('[data-preset=fresh]', 'in in');
    }
    const secret = page().getElementById('wb-secret');
    secret.value = 'another';
    secret.dispatchEvent(new frame.contentWindow.Event('input'));
    await until(() => verdicts() === 'out out', 'another secret to be noticed');
    const place = page().getElementById('workbench');
    place.dispatchEvent(new frame.contentWindow.CustomEvent('look', { detail: { token: 'eyJhbGciOiJIUzI1NiJ9.e30.AA' } }));
    await until(() => page().getElementById('wb-header').value.includes('"HS256"') && verdicts() === 'out out', 'a token that was handed over');
    equal(frame.contentWindow.performance.getEntriesByType('resource').length, before, 'requests that were sent');
    equal(frame.contentWindow.localStorage.length + frame.contentWindow.sessionStorage.length, stored, 'things that were stored');
  });

  await tryOut('question', async () => {
    await open('/ja/logout-problem.html');
    const shown = () => all('.quiz')[0].querySelectorAll('.reason');
    const visible = () => [...shown()].map(reason => frame.contentWindow.getComputedStyle(reason).display !== 'none').join(' ');
    equal(visible(), 'false false false', 'before an answer');
    all('.quiz input')[1].click();
    equal(visible(), 'false true false', 'after a wrong answer');
    all('.quiz input')[0].click();
    equal(visible(), 'true false false', 'after the right one');
  });

  // What a page does wrong for readers with other senses; with `rules`, only as far as these go.
  const violations = async rules => {
    // mdBook's button for the contents is a label that its script makes a button of; that works, and is no button by the book.
    const options = { resultTypes: ['violations'], ...(rules ? { runOnly: rules } : { rules: { 'aria-allowed-role': { enabled: false } } }) };
    const found = (await frame.contentWindow.axe.run(page(), options)).violations;
    const told = found.map(one => `${one.impact} ${one.id}: ` + one.nodes.slice(0, 4)
      .map(node => node.html.slice(0, 150) + ' ' + (node.any[0] || {}).message).join(' | '));
    return told.join('\n');
  };

  for (const language of ['en', 'ja']) {
    for (const name of plan.pages) {
      const url = `/${language}/${name}`;
      await tryOut(url + ' on a phone', async () => {
        localStorage.setItem('mdbook-theme', 'light');
        await open(url, 390);
        equal(page().documentElement.lang, language, 'the language');
        equal(all('h1').length > 0, true, 'a heading');
        const wide = page().documentElement.scrollWidth;
        if (wide > 392) throw new Error(`it is ${wide} wide`);
        for (const svg of all('figure svg:not([aria-hidden])')) if (!svg.querySelector('title') || !svg.querySelector('desc')) throw new Error('a picture says nothing');
      });
      await tryOut(url + ' for every reader', async () => {
        frame.style.width = '1000px';
        const script = page().createElement('script');
        script.src = '/axe.js';
        page().head.append(script);
        await until(() => frame.contentWindow.axe, 'axe');
        return violations();
      });
      // The same page in other colours: nothing else is different.
      await tryOut(url + ' for every reader, in the dark', async () => {
        page().getElementById('mdbook-theme-navy').click();
        await until(() => page().documentElement.classList.contains('navy'), 'the dark theme');
        return violations(['color-contrast', 'link-in-text-block']);
      });
    }
  }
  report['no script fails'] = errors.length ? errors.join('\n') : null;
  await fetch('/report', { method: 'POST', body: JSON.stringify(report) });
})();
