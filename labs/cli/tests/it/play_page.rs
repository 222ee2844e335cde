//! Tests of the playground's page in a real browser: the tour by keyboard in both languages, every button, moving back
//! in time, a reload, and a link; the browser must report no error.

use std::path::{Path, PathBuf};

use kit::testing::browser::Browser;
use serde_json::{Value, json};

use crate::play::TOUR;
use crate::program::Serving;

/// The number of actions in each step of the tour.
const STEPS: [usize; 7] = [1, 1, 1, 1, 1, 4, 4];

pub(crate) const DRAWN: &str =
    "document.querySelectorAll('.column').length === 3 && !document.body.hasAttribute('aria-busy')";

/// The verdicts that the three columns of the page show, as in [`TOUR`].
fn doors(browser: &mut Browser) -> Vec<String> {
    let read = "[...document.querySelectorAll('.column')].map(column => [...column.querySelectorAll('.door')]
        .map(door => door.dataset.verdict.replace('nothing', '-')).join(' '))";
    serde_json::from_value(browser.eval(read)).unwrap()
}

/// The server's verdicts for the same room, fetched by the page itself.
fn server_says(browser: &mut Browser) -> Vec<String> {
    let ask =
        "fetch('/rooms/' + sessionStorage.getItem('authlab-room')).then(answer => answer.json()).then(room =>
        ['session', 'access', 'hybrid'].map(design => ['person', 'thief']
        .map(who => room.steps.at(-1).columns[design][who].verdict.replace('nothing', '-')).join(' ')))";
    serde_json::from_value(browser.eval(ask)).unwrap()
}

/// Presses Tab until the element of this selector has the focus, then presses `key`.
fn reach_and_press(browser: &mut Browser, selector: &str, key: &str) {
    for _ in 0..150 {
        browser.press("Tab");
        let here = browser.eval(&format!("document.activeElement?.matches({}) === true", json!(selector)));
        if here == json!(true) {
            browser.press(key);
            return;
        }
    }
    panic!("{selector} cannot be reached by keyboard");
}

fn number_of_steps(browser: &mut Browser) -> u64 {
    browser.eval("Number(document.querySelector('#timeline input').value)").as_u64().unwrap()
}

#[test]
fn the_tour_is_walked_by_keyboard_to_its_end_in_both_languages() {
    let Some(mut browser) = Browser::start() else { return };
    let play = Serving::play(&["--store", "memory", "--lang", "en"]);
    for (language, button) in [("en", "Log in"), ("ja", "ログインする")] {
        browser.window(1440, 900, language == "ja");
        browser.open(&play.url);
        browser.until(DRAWN);
        browser.eval(&format!("document.querySelector('[data-choose={language}]').click()"));
        browser.eval("document.querySelector('[data-action=again]').click()");
        browser.until(&format!("{DRAWN} && document.querySelector('#tour').dataset.step === '1'"));
        assert_eq!(browser.eval("document.documentElement.lang"), language);
        assert_eq!(browser.eval("document.querySelector('[data-tour]').textContent"), button);
        let (mut done, mut script_ms) = (0, Vec::new());
        for (number, actions) in STEPS.into_iter().enumerate() {
            let before = browser.script_ms();
            match number {
                // After the first button, the focus stays where the next button appears.
                0 => reach_and_press(&mut browser, "[data-tour]", "Enter"),
                _ => browser.press("Enter"),
            }
            done += actions;
            let at = if number + 1 < STEPS.len() { (number + 2).to_string() } else { "end".to_owned() };
            browser.until(&format!("{DRAWN} && document.querySelector('#tour').dataset.step === '{at}'"));
            script_ms.push((browser.script_ms() - before) / actions as f64);
            let (_, expected) = TOUR[done - 1];
            assert_eq!(doors(&mut browser), expected, "step {} in {language}", number + 1);
            assert_eq!(server_says(&mut browser), expected, "step {} in {language}", number + 1);
            let said = browser.eval("document.getElementById('said').textContent");
            assert!(
                said.as_str().unwrap().matches(['.', '。']).count() >= 3,
                "nothing was said aloud: {said}"
            );
        }
        // The median is used, because this machine may do other work in between.
        script_ms.sort_by(f64::total_cmp);
        assert!(script_ms[3] < 100.0, "a click takes too much script: {script_ms:?} ms");
        let left_out: Value = browser.eval("document.body.innerText.match(/undefined|null|NaN|\\[object/)");
        assert_eq!(left_out, Value::Null, "{language}");
    }
    assert_eq!(browser.complaints(), &[] as &[String]);
}

#[test]
fn every_button_works_by_keyboard_and_the_past_a_reload_and_a_link_bring_it_all_back() {
    let Some(mut browser) = Browser::start() else { return };
    let play = Serving::play(&["--store", "memory", "--lang", "en"]);
    browser.window(1200, 900, false);
    browser.open(&play.url);
    browser.until(DRAWN);
    let actions = [
        "sign-in",
        "steal",
        "person-tries",
        "thief-tries",
        "person-refreshes",
        "wait-minute",
        "thief-refreshes",
        "change-password",
        "cut-store",
        "mend-store",
        "log-out",
        "sign-in",
        "log-out-everywhere",
        "wait-quarter",
        "wait-month",
    ];
    for (number, action) in actions.into_iter().enumerate() {
        let key = if number % 2 == 0 { "Enter" } else { " " };
        reach_and_press(&mut browser, &format!("[data-action={action}]"), key);
        browser.until(&format!(
            "{DRAWN} && document.querySelector('#timeline input').value === '{}'",
            number + 1
        ));
        let focus = browser.eval("document.activeElement.dataset.action");
        assert_eq!(focus, action, "the focus stays on the button");
    }
    let scenario = browser.eval("location.hash");
    assert_eq!(scenario, format!("#{}", actions.join(".")));
    let now = doors(&mut browser);
    assert_eq!(now, server_says(&mut browser));

    // Back in time: user and thief were let in when the copy had just been made.
    reach_and_press(&mut browser, "#timeline input", "ArrowLeft");
    browser.eval("(slider => { slider.value = 2; slider.dispatchEvent(new Event('input')); })(document.querySelector('#timeline input'))");
    assert_eq!(doors(&mut browser), ["in in", "in in", "in in"]);
    browser.eval("document.querySelector('[data-part=now]').click()");
    assert_eq!(doors(&mut browser), now);

    browser.reload();
    browser.until(&format!(
        "{DRAWN} && document.querySelector('#timeline input').value === '{}'",
        actions.len()
    ));
    assert_eq!(doors(&mut browser), now);
    assert_eq!(number_of_steps(&mut browser), actions.len() as u64);

    // An address with an invalid scenario shows an empty room, without an error.
    let scenario = scenario.as_str().unwrap();
    browser.eval("location.hash = '#%E0%A4%A.delete-everything.steal'");
    browser.until(&format!("{DRAWN} && document.querySelector('#timeline input').value === '1'"));
    assert_eq!(browser.eval("document.getElementById('trouble').textContent"), "");
    assert_eq!(doors(&mut browser), ["- -", "- -", "- -"]);
    browser.eval(&format!("location.hash = '{scenario}'"));
    browser.until(&format!(
        "{DRAWN} && document.querySelector('#timeline input').value === '{}'",
        actions.len()
    ));

    // The same address in a fresh browser session: another room with the same steps.
    let room = browser.eval("sessionStorage.getItem('authlab-room')");
    browser.eval("sessionStorage.clear()");
    browser.reload();
    browser.until(&format!("sessionStorage.getItem('authlab-room') && {DRAWN} && document.querySelector('#timeline input').value === '{}'", actions.len()));
    assert_ne!(browser.eval("sessionStorage.getItem('authlab-room')"), room);
    assert_eq!(doors(&mut browser), now);
    assert_eq!(browser.complaints(), &[] as &[String]);
}

#[test]
fn both_languages_say_the_same_things_and_the_page_fits_every_window() {
    let Some(mut browser) = Browser::start() else { return };
    let play = Serving::play(&["--store", "memory"]);
    browser.window(390, 844, true);
    browser.open(&format!("{}/#sign-in.steal.log-out", play.url));
    browser.until(&format!("{DRAWN} && document.querySelector('#timeline input').value === '3'"));
    let missing = "Promise.all([import('/page/english.js'), import('/page/japanese.js')]).then(([{ english }, { japanese }]) => {
        const keys = (value, path) => value && typeof value === 'object' && !Array.isArray(value)
            ? Object.entries(value).flatMap(([key, inner]) => keys(inner, path + '/' + key)) : [path + (Array.isArray(value) ? value.length : typeof value)];
        const [en, ja] = [new Set(keys(english, '')), new Set(keys(japanese, ''))];
        return [...en].filter(key => !ja.has(key)).concat([...ja].filter(key => !en.has(key)));
    })";
    assert_eq!(browser.eval(missing), json!([]));
    for width in [320, 390, 768, 1024, 1440, 1920] {
        browser.window(width, 844, width > 800);
        for language in ["en", "ja"] {
            browser.eval(&format!("document.querySelector('[data-choose={language}]').click()"));
            let wide = browser.eval("document.documentElement.scrollWidth").as_u64().unwrap();
            assert!(wide <= u64::from(width), "{language} at {width}: the page is {wide} wide");
        }
    }
    // A token can be opened in the book's workbench, which refuses it, because the workbench does not have the server's
    // key.
    browser.eval("document.querySelector('[data-design=access] .all').open = true");
    browser.eval("document.querySelector('[data-design=access] .credential details').open = true");
    browser.eval("document.querySelector('[data-design=access] .credential button').click()");
    browser.until("document.getElementById('wb-strict')?.dataset.verdict === 'out'");
    assert_eq!(browser.complaints(), &[] as &[String]);
}

/// axe-core's `axe.min.js`: the file that the environment names, else the one in the book's tests.
pub(crate) fn axe() -> Result<String, String> {
    let carried = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book/tests/axe/axe.min.js");
    let path = std::env::var_os("AUTHLAB_AXE").map_or(carried, PathBuf::from);
    std::fs::read_to_string(&path).map_err(|error| format!("{} ({error})", path.display()))
}

#[test]
fn readers_with_other_senses_find_no_obstacle() {
    let axe = match axe() {
        Ok(axe) => axe,
        Err(missing) => return eprintln!("SKIPPED: it needs axe-core: {missing}"),
    };
    let Some(mut browser) = Browser::start() else { return };
    let play = Serving::play(&["--store", "memory", "--lang", "en"]);
    let scenario = ["sign-in", "steal", "log-out", "thief-tries", "sign-in", "cut-store"];
    browser.open(&format!("{}/#{}", play.url, scenario.join(".")));
    browser.until(&format!("{DRAWN} && document.querySelector('#timeline input').value === '6'"));
    browser.eval(&format!("{axe};0"));
    browser.eval("for (const one of document.querySelectorAll('details')) one.open = true");
    for (width, dark, language) in
        [(1440, false, "en"), (1440, true, "ja"), (390, false, "ja"), (390, true, "en")]
    {
        browser.window(width, 900, dark);
        browser.eval(&format!("document.querySelector('[data-choose={language}]').click()"));
        browser.until("document.getElementById('wb-strict')?.dataset.verdict");
        let found = browser.eval(
            "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(one =>
             one.id + ' ' + one.impact + ': ' + one.nodes.map(node => node.html.slice(0, 120)).join(' | ')))",
        );
        assert_eq!(found, json!([]), "{width} wide, dark: {dark}, {language}");
    }
}

/// Not a test: it makes the pictures of README and book. `AUTHLAB_PICTURES=$PWD/book cargo test -p authlab pictures`.
#[test]
fn the_pictures_are_made_when_somebody_says_where_to() {
    let Some(book) = std::env::var_os("AUTHLAB_PICTURES") else { return };
    let Some(mut browser) = Browser::start() else { return };
    for language in ["en", "ja"] {
        let play = Serving::play(&["--lang", language]);
        browser.window(1280, 720, false);
        browser.open(&format!("{}/#sign-in.steal.log-out", play.url));
        browser.until(&format!("{DRAWN} && document.querySelector('#timeline input').value === '3'"));
        browser.picture(&Path::new(&book).join(language).join("src/playground.webp")).unwrap();
    }
}
