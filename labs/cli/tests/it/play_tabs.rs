//! Tests of the playground's page for the visitor's own tabs: all tabs share one login, whatever happens to the room's
//! clock and its connection to the store.

use std::path::Path;

use kit::testing::browser::{Browser, Tab};
use serde_json::json;

use crate::play_page::{DRAWN, axe};
use crate::program::Serving;

/// A room of the playground in one tab, and the page for the visitor's own tabs in two more.
struct Visit {
    browser: Browser,
    room: Tab,
    own: [Tab; 2],
    _play: Serving,
}

impl Visit {
    fn begin(language: &str) -> Option<Self> {
        let mut browser = Browser::start()?;
        let play = Serving::play(&["--store", "memory", "--lang", language]);
        let room = browser.new_tab();
        browser.open(&play.url);
        browser.until(DRAWN);
        let link = browser.eval("document.querySelector('.own-tabs a').href");
        let own = [(); 2].map(|()| {
            let tab = browser.new_tab();
            browser.open(link.as_str().unwrap());
            browser.until("document.getElementById('here').dataset.status === 'out'");
            tab
        });
        Some(Self { browser, room, own, _play: play })
    }

    fn shows(&mut self, tab: usize, status: &str) {
        self.browser.turn_to(&self.own[tab]);
        self.browser.until(&format!("document.getElementById('here').dataset.status === {}", json!(status)));
    }

    fn click(&mut self, tab: usize, button: &str) {
        self.browser.turn_to(&self.own[tab]);
        self.browser.eval(&format!("document.querySelector({}).click()", json!(button)));
    }

    /// Waits until the newest line of a tab's log is `words`.
    fn says(&mut self, tab: usize, words: &str) {
        self.browser.turn_to(&self.own[tab]);
        self.browser.until(&format!("document.querySelector('#log span').textContent === {}", json!(words)));
    }

    /// Performs an action in the room.
    fn act(&mut self, action: &str) {
        self.browser.turn_to(&self.room);
        let steps = self.browser.eval("document.querySelector('#timeline input').value");
        self.browser.eval(&format!("document.querySelector('[data-action={action}]').click()"));
        self.browser
            .until(&format!("{DRAWN} && document.querySelector('#timeline input').value !== {steps}"));
    }
}

#[test]
fn what_happens_in_one_tab_happens_in_all_and_the_rooms_clock_and_line_log_nobody_out() {
    let Some(mut visit) = Visit::begin("en") else { return };
    visit.click(0, "[value=logIn]");
    for tab in [0, 1] {
        visit.shows(tab, "in");
        visit.says(tab, "Logged in.");
    }
    visit.act("wait-quarter");
    visit.click(1, "[data-act=me]");
    visit.says(1, "GET /me → 200: ann@example.test");
    visit.act("cut-store");
    visit.act("wait-quarter");
    visit.click(0, "[data-act=me]");
    visit.says(0, "GET /me failed: 503 store_unavailable");
    visit.shows(1, "in");
    visit.act("mend-store");
    visit.click(0, "[data-act=sessions]");
    visit.says(0, "GET /auth/sessions → 200: 1 session");
    visit.click(0, "[data-act=logOut]");
    for tab in [1, 0] {
        visit.shows(tab, "out");
        visit.says(tab, "Logged out.");
    }
    visit.click(1, "[data-act=me]");
    visit.says(1, "GET /me → 401");
}

#[test]
fn a_duplicate_of_the_rooms_tab_loses_no_step_from_its_link() {
    let Some(mut browser) = Browser::start() else { return };
    let play = Serving::play(&["--store", "memory", "--lang", "en"]);
    let first = browser.new_tab();
    browser.open(&play.url);
    browser.until(DRAWN);
    let hash_is = |hash: &str| format!("{DRAWN} && location.hash === {}", json!(hash));
    let act = |browser: &mut Browser, action: &str| {
        browser.eval(&format!("document.querySelector('[data-action={action}]').click()"));
    };
    act(&mut browser, "sign-in");
    browser.until(&hash_is("#sign-in"));

    // A browser that duplicates a tab copies its address and its session storage.
    let room = browser.eval("sessionStorage.getItem('authlab-room')");
    let duplicate = browser.new_tab();
    browser.open(&play.url);
    browser.until(DRAWN);
    browser.eval(&format!("sessionStorage.setItem('authlab-room', {room}); history.replaceState(null, '', '#sign-in'); location.reload(); 0"));
    browser.until(&hash_is("#sign-in"));
    assert_eq!(browser.eval("sessionStorage.getItem('authlab-room')"), room, "both tabs are in one room");

    browser.turn_to(&first);
    act(&mut browser, "steal");
    browser.until(&hash_is("#sign-in.steal"));
    browser.turn_to(&duplicate);
    act(&mut browser, "log-out");
    browser.until(&hash_is("#sign-in.steal.log-out"));
    assert_eq!(browser.eval("document.querySelector('#timeline input').value"), "3");
    browser.turn_to(&first);
    act(&mut browser, "thief-tries");
    browser.until(&hash_is("#sign-in.steal.log-out.thief-tries"));
    assert_eq!(browser.complaints(), &[] as &[String]);
}

#[test]
fn the_page_for_own_tabs_fits_every_window_and_puts_no_obstacle_before_anybody() {
    let axe = match axe() {
        Ok(axe) => axe,
        Err(missing) => return eprintln!("SKIPPED: it needs axe-core: {missing}"),
    };
    for (language, title) in [("en", "One login, many tabs"), ("ja", "一つのログインを、すべてのタブで")]
    {
        let Some(mut visit) = Visit::begin(language) else { return };
        visit.shows(0, "out");
        assert_eq!(visit.browser.eval("document.querySelector('h1').textContent"), title);
        for status in ["out", "in"] {
            if status == "in" {
                visit.click(0, "[value=logIn]");
            }
            visit.shows(0, status);
            visit.browser.eval(&format!("{axe};0"));
            for (width, dark) in [(320, false), (390, true), (1440, false), (1440, true)] {
                visit.browser.window(width, 900, dark);
                let wide = visit.browser.eval("document.documentElement.scrollWidth").as_u64().unwrap();
                assert!(wide <= u64::from(width), "{language} at {width}: the page is {wide} wide");
                let found = visit.browser.eval(
                    "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(one =>
                     one.id + ': ' + one.nodes.map(node => node.html.slice(0, 120)).join(' | ')))",
                );
                assert_eq!(found, json!([]), "{width} wide, dark: {dark}, {language}, {status}");
                if let Some(folder) = std::env::var_os("AUTHLAB_PICTURES_OF_TABS") {
                    let name = format!("tabs-{language}-{status}-{width}-{dark}.webp");
                    visit.browser.picture(&Path::new(&folder).join(name)).unwrap();
                }
            }
        }
        let left_out = visit.browser.eval("document.body.innerText.match(/undefined|null|NaN|\\[object/)");
        assert_eq!(left_out, json!(null), "{language}");
    }
}
