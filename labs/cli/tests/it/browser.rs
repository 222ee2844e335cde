//! A headless Chromium, driven over its own protocol through a pair of named pipes: no library, no driver, no port.
//!
//! Keys are real keys, as a keyboard sends them; what a page logs or throws is collected and can be asked for.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kit::testing::{Part, found_or_skip};
use serde_json::{Value, json};

/// How long a page may take to do anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page. It is closed however the test ends.
pub(crate) struct Browser {
    child: Child,
    to: File,
    from: BufReader<File>,
    session: Option<String>,
    sent: u64,
    /// What was logged, thrown or refused by a policy.
    complaints: Vec<String>,
    _folder: tempfile::TempDir,
}

impl Browser {
    /// Starts one, or says loudly that there is none.
    pub(crate) fn start() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut places = std::env::split_paths(&path).flat_map(|folder| {
            ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name))
        });
        let found =
            places.find(|place| place.is_file()).ok_or_else(|| "no chromium is on the PATH".to_owned());
        found_or_skip(Part::Browser, found).map(|program| Self::of(&program))
    }

    fn of(program: &PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pipe = |name: &str| {
            let path = folder.path().join(name);
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            path
        };
        let (to, from) = (pipe("to"), pipe("from"));
        // Chromium speaks on descriptors 3 and 4, which only a shell can give it without unsafe code.
        let child = Command::new("sh")
            .args(["-c", r#"to=$1; from=$2; shift 2; exec "$@" 3<"$to" 4>"$from""#, "sh"])
            .args([&to, &from])
            .arg(program)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
            ])
            .args(["--disable-background-networking", "--disable-component-update", "--hide-scrollbars"])
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .args(["--remote-debugging-pipe", "about:blank"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = File::options().write(true).open(to).unwrap();
        let from = BufReader::new(File::open(from).unwrap());
        let complaints = Vec::new();
        let mut browser = Self { child, to, from, session: None, sent: 0, complaints, _folder: folder };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached =
            browser.call("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }));
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Performance.enable"] {
            browser.call(domain, json!({}));
        }
        browser
    }

    /// One command of the protocol, and its answer.
    fn call(&mut self, method: &str, params: Value) -> Value {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        loop {
            let mut bytes = Vec::new();
            self.from.read_until(0, &mut bytes).unwrap();
            assert_eq!(bytes.pop(), Some(0), "the browser is gone");
            let mut message: Value = serde_json::from_slice(&bytes).unwrap();
            if message["id"] == self.sent {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].take();
            }
            self.listen(&message);
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

    /// What the page has complained of so far.
    pub(crate) fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// The size of the window, and whether the reader likes it dark.
    pub(crate) fn window(&mut self, width: u32, height: u32, dark: bool) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", size);
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", features);
    }

    pub(crate) fn open(&mut self, url: &str) {
        self.call("Page.navigate", json!({ "url": url }));
    }

    /// The value of an expression on the page.
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.call("Runtime.evaluate", params);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].take()
    }

    /// Waits until an expression holds.
    pub(crate) fn until(&mut self, expression: &str) {
        let began = Instant::now();
        while self.eval(&format!("Boolean({expression})")) != json!(true) {
            assert!(began.elapsed() < PATIENCE, "waited in vain for {expression}; {:?}", self.complaints);
            self.eval("new Promise(go => setTimeout(go, 15))");
        }
    }

    /// Loads the page once more; a page of before is not mistaken for the one that comes.
    pub(crate) fn reload(&mut self) {
        self.eval("window.isOld = true; location.reload()");
        self.until("!window.isOld");
    }

    /// For how many milliseconds scripts have run so far.
    pub(crate) fn script_ms(&mut self) -> f64 {
        let answer = self.call("Performance.getMetrics", json!({}));
        let mut metrics = answer["metrics"].as_array().unwrap().iter();
        let found = metrics.find(|metric| metric["name"] == "ScriptDuration").unwrap();
        found["value"].as_f64().unwrap() * 1000.0
    }

    /// Presses a key, as a person does.
    pub(crate) fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            " " => (32, " "),
            "ArrowLeft" => (37, ""),
            "ArrowRight" => (39, ""),
            "End" => (35, ""),
            other => panic!("no key {other:?} here"),
        };
        for kind in [if text.is_empty() { "rawKeyDown" } else { "keyDown" }, "keyUp"] {
            let text = if kind == "keyUp" { "" } else { text };
            let code_name = if key == " " { "Space" } else { key };
            let event = json!({
                "type": kind, "key": key, "code": code_name, "windowsVirtualKeyCode": code, "text": text,
            });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Writes what the window shows to a file, as WebP: a tenth of a PNG, and README and book show it.
    pub(crate) fn picture(&mut self, path: &Path) {
        use base64::Engine;
        let answer = self.call("Page.captureScreenshot", json!({ "format": "webp", "quality": 82 }));
        let data = answer["data"].as_str().unwrap();
        std::fs::write(path, base64::engine::general_purpose::STANDARD.decode(data).unwrap()).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
