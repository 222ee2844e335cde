//! A headless Chromium, driven over its own protocol: JSON messages that end with a zero byte, on two extra file
//! descriptors. It needs only a Chromium: no driver of the same version, and no port.
//!
//! Keys are sent as a keyboard sends them, because a browser does not act on keys that a script generates. The browser
//! collects what a page logs, what it throws and what it is refused, for tests to read.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Part, found_or_skip};

/// How long a page may take to do anything: long enough for a slow machine and a cold start.
const PATIENCE: Duration = Duration::from_secs(60);

/// The flags with which every browser of the tests is started.
pub const FLAGS: [&str; 8] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
];

/// The path of the Chromium on this machine, or `None` after reporting the skip.
pub fn chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = names.iter().find_map(|name| which::which(name).ok());
    found_or_skip(Part::Browser, found.ok_or_else(|| "no chromium is on the PATH".to_owned()))
}

/// A process that is killed however the test ends.
pub struct Closed(pub Child);

impl Drop for Closed {
    fn drop(&mut self) {
        let _already_gone = self.0.kill();
        let _already_gone = self.0.wait();
    }
}

/// A tab of a [`Browser`].
#[derive(Clone, Debug)]
pub struct Tab(String);

/// A browser with one page, or with several tabs of which it controls one at a time. Its methods panic if the browser is
/// gone or the page does not do what it was asked within a minute: that is the test's failure.
pub struct Browser {
    to: ChildStdin,
    from: mpsc::Receiver<Value>,
    session: Option<String>,
    sent: u64,
    complaints: Vec<String>,
    // Declared before the profile, so that the process has ended when the profile is removed.
    _process: Closed,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts a browser, or returns `None` after reporting the skip.
    ///
    /// # Panics
    /// As [`found_or_skip`], and if Chromium does not start.
    pub fn start() -> Option<Self> {
        chromium().map(|program| Self::of(&program).unwrap_or_else(|error| panic!("{error}")))
    }

    fn of(program: &Path) -> std::io::Result<Self> {
        let profile = tempfile::tempdir()?;
        // Only a shell can pass on descriptors 3 and 4 without unsafe code.
        let mut process = Command::new("sh")
            .args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null"#])
            .arg(program)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(["--remote-debugging-pipe", "about:blank"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let gone = || std::io::Error::other("the browser has no pipes");
        let (to, said) = (process.stdin.take().ok_or_else(gone)?, process.stdout.take().ok_or_else(gone)?);
        let mut browser = Self {
            to,
            from: messages(said),
            session: None,
            sent: 0,
            complaints: Vec::new(),
            _process: Closed(process),
            _profile: profile,
        };
        browser.new_tab();
        Ok(browser)
    }

    /// Opens another tab of the same browser and switches to it: it shares cookies, storage and locks with the others.
    pub fn new_tab(&mut self) -> Tab {
        self.session = None; // a tab is made by the browser, not by a tab
        let target = self.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached =
            self.call("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }));
        let tab = Tab(attached["sessionId"].as_str().unwrap_or_default().to_owned());
        self.turn_to(&tab);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Performance.enable"] {
            self.call(domain, json!({}));
        }
        self.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true }));
        tab
    }

    /// Switches to a tab: every further call is about it. The other tabs continue to run.
    pub fn turn_to(&mut self, tab: &Tab) {
        self.session = Some(tab.0.clone());
    }

    /// Sends a command of the protocol and returns its result.
    fn call(&mut self, method: &str, params: Value) -> Value {
        self.try_to(method, params).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Sends a command of the protocol and returns its result or the browser's error.
    fn try_to(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let written = self.to.write_all(format!("{message}\0").as_bytes());
        assert!(written.is_ok(), "{method}: the browser has ended");
        loop {
            let answer = self.from.recv_timeout(PATIENCE);
            let mut answer =
                answer.unwrap_or_else(|error| panic!("{method}: the browser does not answer: {error}"));
            if answer["id"] == self.sent {
                return if answer["error"].is_null() {
                    Ok(answer["result"].take())
                } else {
                    Err(answer["error"].take())
                };
            }
            self.listen(&answer);
        }
    }

    fn listen(&mut self, event: &Value) {
        let params = &event["params"];
        match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => self.complaints.push(params["exceptionDetails"].to_string()),
            Some("Runtime.consoleAPICalled") => self.complaints.push(params["args"].to_string()),
            Some("Log.entryAdded") => self.complaints.push(params["entry"].to_string()),
            _ => {}
        }
    }

    /// The errors and messages that the page has logged so far.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// Sets the size of the window in CSS pixels, and whether the user prefers a dark page.
    pub fn window(&mut self, width: u32, height: u32, dark: bool) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", size);
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", features);
    }

    /// Starts to load a URL. [`until`](Self::until) waits for the page's contents.
    pub fn open(&mut self, url: &str) {
        self.call("Page.navigate", json!({ "url": url }));
    }

    /// The value of an expression on the page; of a promise, the value that it resolves to.
    pub fn eval(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.call("Runtime.evaluate", params);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].take()
    }

    /// Waits until an expression is true. During navigation a page has no document, and a running evaluation is lost: both
    /// count as not true yet.
    pub fn until(&mut self, expression: &str) {
        let began = Instant::now();
        let holds = format!("(() => {{ try {{ return !!({expression}) }} catch {{ return false }} }})()");
        let question = json!({ "expression": holds, "returnByValue": true });
        let yes = |answer: Result<Value, Value>| answer.is_ok_and(|answer| answer["result"]["value"] == true);
        while !yes(self.try_to("Runtime.evaluate", question.clone())) {
            assert!(began.elapsed() < PATIENCE, "timed out waiting for {expression}; {:?}", self.complaints);
            std::thread::park_timeout(Duration::from_millis(15));
        }
    }

    /// Loads the page again and waits for the new one; the old page is not mistaken for it.
    pub fn reload(&mut self) {
        self.eval("window.isOld = true; location.reload()");
        self.until("!window.isOld");
    }

    /// How long scripts have run so far, in milliseconds.
    pub fn script_ms(&mut self) -> f64 {
        let answer = self.call("Performance.getMetrics", json!({}));
        let mut metrics = answer["metrics"].as_array().into_iter().flatten();
        let found = metrics.find(|metric| metric["name"] == "ScriptDuration");
        found.and_then(|metric| metric["value"].as_f64()).map_or(f64::NAN, |seconds| seconds * 1000.0)
    }

    /// Presses and releases a key.
    ///
    /// # Panics
    /// The key is not among those that this function knows.
    pub fn press(&mut self, key: &str) {
        let (code, number, text) = match key {
            "Tab" => ("Tab", 9, ""),
            "Enter" => ("Enter", 13, "\r"),
            " " => ("Space", 32, " "),
            "End" => ("End", 35, ""),
            "ArrowLeft" => ("ArrowLeft", 37, ""),
            "ArrowRight" => ("ArrowRight", 39, ""),
            "ArrowDown" => ("ArrowDown", 40, ""),
            other => panic!("{other:?} is not a key that this helper can press"),
        };
        let down = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        for (kind, text) in [(down, text), ("keyUp", "")] {
            let event = json!({
                "type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number, "text": text,
            });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Inserts text at the focus, as a paste does.
    pub fn insert(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Writes a screenshot of the window to a file, as WebP, which is a tenth of a PNG's size.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn picture(&mut self, path: &Path) -> std::io::Result<()> {
        self.call("Page.bringToFront", json!({})); // a tab behind another one is not drawn
        let answer = self.call("Page.captureScreenshot", json!({ "format": "webp", "quality": 82 }));
        let picture = STANDARD.decode(answer["data"].as_str().unwrap_or_default());
        std::fs::write(path, picture.map_err(|error| std::io::Error::other(error.to_string()))?)
    }
}

/// The browser's messages, in order of arrival.
fn messages(said: ChildStdout) -> mpsc::Receiver<Value> {
    let (sender, received) = mpsc::channel();
    std::thread::spawn(move || {
        for message in BufReader::new(said).split(0).map_while(Result::ok) {
            let Ok(message) = serde_json::from_slice(&message) else { return };
            if sender.send(message).is_err() {
                return;
            }
        }
    });
    received
}
