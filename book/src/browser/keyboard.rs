//! Tests that the book can be used with the keyboard alone: Tab reaches every control, which then shows the focus; and
//! the menu, the search, the themes, the other language, the questions and the workbench can be used.

use std::net::SocketAddr;
use std::sync::mpsc;

use kit::testing::browser::Browser;
use serde_json::json;

use super::served;
use crate::build;
use crate::figures::Figures;
use crate::lang::Lang;

/// The most presses of Tab on one page: more than any page has controls.
const MOST_STOPS: usize = 200;

/// A script that lists the controls of a page that Tab must reach. Of radio buttons with one name, Tab reaches one; the
/// arrow keys lead to the others.
const STOPS: &str = "
    const names = new Set();
    const controls = [...document.querySelectorAll('a[href], button, input, textarea, summary, [tabindex=\"0\"], [role=button]')];
    window.stops = controls.filter(one => one.checkVisibility({ visibilityProperty: true }) && one.getAttribute('tabindex') !== '-1'
        && !(one.type === 'radio' && names.size === names.add(one.name).size));
    window.seen = new Set();
    window.told = one => one.outerHTML.slice(0, 120);";

/// A script that reports whether the control with the focus was seen before, and the control itself if it does not show
/// the focus.
const STOPPED: &str = "(() => {
    const one = document.activeElement;
    if (!one || one === document.body || seen.has(one)) return { over: true };
    seen.add(one);
    const style = getComputedStyle(one);
    const shows = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    return { over: false, hidden: shows ? null : told(one) };
})()";

/// A browser with the built book, used by the keyboard only.
struct Reader {
    browser: Browser,
    site: SocketAddr,
}

impl Reader {
    fn go(&mut self, page: &str) {
        self.browser.open(&format!("http://{}{page}", self.site));
        self.browser.until(&format!("location.pathname === '{page}' && document.readyState === 'complete'"));
        self.browser.eval(STOPS);
    }

    fn tab_to(&mut self, selector: &str) {
        for _ in 0..MOST_STOPS {
            self.browser.press("Tab");
            if self.browser.eval(&format!("document.activeElement.matches('{selector}')")) == json!(true) {
                return;
            }
        }
        panic!("no Tab leads to {selector}");
    }
}

/// Runs a test in a browser with the built book. Returns without running it where there is no browser and none is
/// required.
fn at_the_keyboard(test: impl FnOnce(&mut Reader)) {
    let Some(mut browser) = Browser::start() else { return };
    browser.window(1200, 1000, false);
    let built = tempfile::tempdir().unwrap();
    for lang in Lang::ALL {
        build(lang, &Figures::committed().unwrap(), Some(built.path())).unwrap();
    }
    let (sent, _reports) = mpsc::channel();
    let site = served(built.path(), sent);
    test(&mut Reader { browser, site });
}

#[test]
fn tab_reaches_every_control_and_the_control_shows_it() {
    at_the_keyboard(|reader| {
        for page in
            ["/en/workbench.html", "/ja/choosing.html", "/en/comparison.html", "/ja/logout-problem.html"]
        {
            reader.go(page);
            let mut hidden = Vec::new();
            for _ in 0..MOST_STOPS {
                reader.browser.press("Tab");
                let stopped = reader.browser.eval(STOPPED);
                if stopped["over"] == json!(true) {
                    break;
                }
                hidden.extend(stopped["hidden"].as_str().map(str::to_owned));
            }
            assert_eq!(hidden, Vec::<String>::new(), "{page}: has the focus and does not show it");
            let missed = reader.browser.eval("stops.filter(one => !seen.has(one)).map(told)");
            assert_eq!(missed, json!([]), "{page}: no Tab leads here");
            assert!(reader.browser.eval("seen.size").as_u64().unwrap() > 20, "{page}");
        }
    });
}

#[test]
fn the_book_can_be_used_without_a_mouse() {
    at_the_keyboard(|reader| {
        reader.go("/en/hybrid.html");
        let menu = "document.documentElement.classList.contains('sidebar-visible')";
        let before = reader.browser.eval(menu);
        reader.tab_to("#mdbook-sidebar-toggle");
        reader.browser.press("Enter");
        reader.browser.until(&format!("{menu} !== {before}"));

        reader.tab_to("#mdbook-theme-toggle");
        reader.browser.press("Enter");
        reader.browser.until("document.activeElement.matches('#mdbook-theme-list button')");
        reader.tab_to("#mdbook-theme-navy");
        reader.browser.press("Enter");
        reader.browser.until("document.documentElement.classList.contains('navy')");

        reader.go("/en/hybrid.html");
        reader.tab_to("#mdbook-search-toggle");
        reader.browser.press("Enter");
        reader.browser.until("document.activeElement.id === 'mdbook-searchbar'");
        reader.browser.insert("reuse detection");
        // mdBook searches when a key is released, and once more when its index has been loaded, if that is later.
        reader.browser.press(" ");
        reader.browser.until("document.querySelector('#mdbook-searchresults a[href*=\"rotation.html\"]')");
        reader.tab_to("#mdbook-searchresults a[href*=\"rotation.html\"]");
        reader.browser.press("Enter");
        reader.browser.until("location.pathname === '/en/rotation.html'");

        reader.go("/en/hybrid.html");
        reader.tab_to(".other-language a");
        reader.browser.press("Enter");
        reader.browser.until("location.pathname === '/ja/hybrid.html'");

        reader.go("/ja/choosing.html");
        reader.tab_to(".path > details > summary");
        reader.browser.press("Enter");
        reader.browser.until("document.querySelector('.path > details').open");

        reader.go("/en/logout-problem.html");
        let reason =
            |number: u8| format!("document.querySelector('.quiz .reason-{number}').checkVisibility()");
        reader.tab_to(".quiz .answer-0");
        reader.browser.press(" ");
        reader.browser.until(&reason(0));
        reader.browser.press("ArrowDown");
        reader.browser.until(&reason(1));

        reader.go("/en/workbench.html");
        reader.tab_to("[data-preset=noExp]");
        reader.browser.press("Enter");
        let verdict = |check: &str| format!("document.getElementById('wb-{check}').dataset.verdict");
        reader.browser.until(&format!("{} === 'in' && {} === 'out'", verdict("naive"), verdict("strict")));
    });
}
