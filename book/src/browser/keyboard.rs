//! The book with a keyboard alone: every control is reached by Tab and shows that it is, and the menu, the search, the themes,
//! the other language, the questions and the workbench can be used.
//!
//! Keys that a script makes up are not followed by what a browser does with real ones, so these come from outside, over
//! Chromium's debugging pipe: JSON with a zero byte behind it, on two more file descriptors.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Closed, FLAGS, chromium, served};
use crate::figures::Figures;
use crate::{Lang, build};

/// For one answer of the browser, and for something to happen on a page.
const PATIENCE: Duration = Duration::from_secs(30);
/// More stops than any page has.
const MOST_STOPS: usize = 200;

/// What can be used on a page. Of radio buttons with one name, one is a stop: arrows lead to the others.
const STOPS: &str = "
    const names = new Set();
    const controls = [...document.querySelectorAll('a[href], button, input, textarea, summary, [tabindex=\"0\"], [role=button]')];
    window.stops = controls.filter(one => one.checkVisibility({ visibilityProperty: true }) && one.getAttribute('tabindex') !== '-1'
        && !(one.type === 'radio' && names.size === names.add(one.name).size));
    window.seen = new Set();
    window.told = one => one.outerHTML.slice(0, 120);";

/// The control that has the focus: whether it is a new one, and what it does not show.
const STOPPED: &str = "(() => {
    const one = document.activeElement;
    if (!one || one === document.body || seen.has(one)) return { over: true };
    seen.add(one);
    const style = getComputedStyle(one);
    const shows = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    return { over: false, hidden: shows ? null : told(one) };
})()";

struct Browser {
    keys: ChildStdin,
    answers: mpsc::Receiver<Value>,
    session: String,
    next: u64,
    site: SocketAddr,
    _process: Closed,
}

impl Browser {
    fn open(program: &Path, site: SocketAddr, profile: &Path) -> Self {
        let mut process = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null"])
            .arg(program)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.display()))
            .args(["--remote-debugging-pipe", "about:blank"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (keys, said) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let (sent, answers) = mpsc::channel();
        std::thread::spawn(move || {
            for message in BufReader::new(said).split(0).map_while(Result::ok) {
                // Whoever asked may have gone.
                let _ = serde_json::from_slice(&message).map(|message: Value| sent.send(message));
            }
        });
        let mut browser =
            Self { keys, answers, session: String::new(), next: 0, site, _process: Closed(process) };
        let targets = browser.call("Target.getTargets", json!({}));
        let page = targets["targetInfos"].as_array().unwrap().iter().find(|target| target["type"] == "page");
        let target = &page.unwrap()["targetId"];
        let attached = browser.call("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        browser.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true }));
        browser
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let mut message = json!({ "id": self.next, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.keys.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let mut answer = self.answers.recv_timeout(PATIENCE).expect("the browser says nothing");
            if answer["id"] == self.next {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].take();
            }
        }
    }

    fn ask(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.call("Runtime.evaluate", params);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].take()
    }

    fn until(&mut self, expression: &str) {
        let start = Instant::now();
        // A page that is being left has no document, so that a question about it is no answer yet.
        let holds = format!("(() => {{ try {{ return !!({expression}) }} catch {{ return false }} }})()");
        while self.ask(&holds) != json!(true) {
            assert!(start.elapsed() < PATIENCE, "waited in vain for {expression}");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    fn go(&mut self, page: &str) {
        let url = format!("http://{}{page}", self.site);
        self.call("Page.navigate", json!({ "url": url }));
        self.until(&format!("location.pathname === '{page}' && document.readyState === 'complete'"));
        self.ask(STOPS);
    }

    fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            "ArrowDown" => (40, ""),
            " " => (32, " "),
            _ => panic!("{key} is not on this keyboard"),
        };
        let down = json!({
            "type": "keyDown", "key": key, "code": if key == " " { "Space" } else { key },
            "windowsVirtualKeyCode": code, "text": text,
        });
        self.call("Input.dispatchKeyEvent", down);
        self.call(
            "Input.dispatchKeyEvent",
            json!({ "type": "keyUp", "key": key, "windowsVirtualKeyCode": code }),
        );
    }

    fn tab_to(&mut self, selector: &str) {
        for _ in 0..MOST_STOPS {
            self.press("Tab");
            if self.ask(&format!("document.activeElement.matches('{selector}')")) == json!(true) {
                return;
            }
        }
        panic!("no Tab leads to {selector}");
    }
}

/// Chromium with the book; none on a machine that need not have one.
fn at_the_keyboard(test: impl FnOnce(&mut Browser)) {
    let Some(program) = chromium() else { return };
    let (built, profile) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for lang in Lang::ALL {
        build(lang, &Figures::committed().unwrap(), Some(built.path())).unwrap();
    }
    let (sent, _reports) = mpsc::channel();
    let site = served(built.path(), sent);
    test(&mut Browser::open(&program, site, profile.path()));
}

#[test]
fn tab_reaches_every_control_and_the_control_shows_it() {
    at_the_keyboard(|browser| {
        for page in
            ["/en/workbench.html", "/ja/choosing.html", "/en/comparison.html", "/ja/logout-problem.html"]
        {
            browser.go(page);
            let mut hidden = Vec::new();
            for _ in 0..MOST_STOPS {
                browser.press("Tab");
                let stopped = browser.ask(STOPPED);
                if stopped["over"] == json!(true) {
                    break;
                }
                hidden.extend(stopped["hidden"].as_str().map(str::to_owned));
            }
            assert_eq!(hidden, Vec::<String>::new(), "{page}: has the focus and does not show it");
            let missed = browser.ask("stops.filter(one => !seen.has(one)).map(told)");
            assert_eq!(missed, json!([]), "{page}: no Tab leads here");
            assert!(browser.ask("seen.size").as_u64().unwrap() > 20, "{page}");
        }
    });
}

#[test]
fn the_book_can_be_used_without_a_mouse() {
    at_the_keyboard(|browser| {
        browser.go("/en/hybrid.html");
        let menu = "document.documentElement.classList.contains('sidebar-visible')";
        let before = browser.ask(menu);
        browser.tab_to("#mdbook-sidebar-toggle");
        browser.press("Enter");
        browser.until(&format!("{menu} !== {before}"));

        browser.tab_to("#mdbook-theme-toggle");
        browser.press("Enter");
        browser.until("document.activeElement.matches('#mdbook-theme-list button')");
        browser.tab_to("#mdbook-theme-navy");
        browser.press("Enter");
        browser.until("document.documentElement.classList.contains('navy')");

        browser.go("/en/hybrid.html");
        browser.tab_to("#mdbook-search-toggle");
        browser.press("Enter");
        browser.until("document.activeElement.id === 'mdbook-searchbar'");
        browser.call("Input.insertText", json!({ "text": "reuse detection" }));
        // mdBook searches when a key is let go, and once when its index has come, whichever is later.
        browser.press(" ");
        browser.until("document.querySelector('#mdbook-searchresults a[href*=\"rotation.html\"]')");
        browser.tab_to("#mdbook-searchresults a[href*=\"rotation.html\"]");
        browser.press("Enter");
        browser.until("location.pathname === '/en/rotation.html'");

        browser.go("/en/hybrid.html");
        browser.tab_to(".other-language a");
        browser.press("Enter");
        browser.until("location.pathname === '/ja/hybrid.html'");

        browser.go("/ja/choosing.html");
        browser.tab_to(".path > details > summary");
        browser.press("Enter");
        browser.until("document.querySelector('.path > details').open");

        browser.go("/en/logout-problem.html");
        let reason =
            |number: u8| format!("document.querySelector('.quiz .reason-{number}').checkVisibility()");
        browser.tab_to(".quiz .answer-0");
        browser.press(" ");
        browser.until(&reason(0));
        browser.press("ArrowDown");
        browser.until(&reason(1));

        browser.go("/en/workbench.html");
        browser.tab_to("[data-preset=noExp]");
        browser.press("Enter");
        let verdict = |check: &str| format!("document.getElementById('wb-{check}').dataset.verdict");
        browser.until(&format!("{} === 'in' && {} === 'out'", verdict("naive"), verdict("strict")));
    });
}
