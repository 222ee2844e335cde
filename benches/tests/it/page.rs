//! The report as a browser shows it: nothing is fetched, nothing is complained about, and nothing sticks out of a telephone.
//!
//! A page of the test's own holds the report in a frame, looks at it, and sends home what it saw; what the browser itself
//! complains about it writes to its log. So no library speaks to the browser: a Chromium and this file are enough.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use kit::testing::{Part, found_or_skip};
use measure::compare;
use measure::report::{html, sections};
use serde_json::Value;

const REPORT: &str = include_str!("../report.json");
const DRIVE: &str = include_str!("page/drive.html");
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_report_fits_a_telephone_and_a_desk_fetches_nothing_and_has_a_table_under_each_chart() {
    let search = which("chromium").or_else(|| which("google-chrome"));
    let search = search.ok_or_else(|| "no chromium is on the PATH".to_owned());
    let Some(program) = found_or_skip(Part::Browser, search) else { return };
    let report = compare::read(REPORT).unwrap();
    let (seen, complaints) = seen_by(&program, html::write(&report));
    let charts = sections::all(&report).iter().filter(|section| section.chart.is_some()).count();
    assert!(charts >= 6, "the report of this test has {charts} charts");
    for width in ["390", "1440"] {
        let page = &seen[width];
        assert_eq!(page["sticks_out"], Value::from(0), "{width}: {page}");
        assert_eq!(page["fetched"], Value::from(0), "{width}: {page}");
        assert_eq!(page["broken_links"], Value::from(0), "{width}: {page}");
        assert_eq!(page["charts"], Value::from(charts), "{width}: {page}");
        assert_eq!(page["charts_above_their_table"], Value::from(charts), "{width}: {page}");
    }
    assert_eq!(complaints, Vec::<String>::new());

    // The twin: one thing that is too wide, and one that would be fetched.
    let spoilt = r#"<p style="width:700px">wide</p><img src="/elsewhere.png" alt=""></main>"#;
    let (seen, complaints) = seen_by(&program, html::write(&report).replace("</main>", spoilt));
    assert_ne!(seen["390"]["sticks_out"], Value::from(0), "{seen}");
    assert!(complaints.iter().any(|line| line.contains("Content Security Policy")), "{complaints:?}");
}

/// What the page saw, and what the browser complained about meanwhile.
fn seen_by(program: &Path, report: String) -> (Value, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sent, received) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (report, sent) = (report.clone(), sent.clone());
            std::thread::spawn(move || answer(stream, &report, &sent));
        }
    });
    let profile = tempfile::tempdir().unwrap();
    let log = profile.path().join("log");
    let browser = Command::new(program)
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
        ])
        .args(["--disable-background-networking", "--disable-component-update", "--window-size=1600,1000"])
        .arg("--enable-logging=stderr")
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--remote-debugging-port=0", &format!("http://{address}/drive.html")])
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let browser = Closed(browser);
    let body = received.recv_timeout(PATIENCE).expect("the browser reported nothing");
    drop(browser);
    let said = String::from_utf8_lossy(&std::fs::read(&log).unwrap()).into_owned();
    let complaints = said.lines().filter(|line| line.contains(":CONSOLE")).map(str::to_owned).collect();
    (serde_json::from_slice(&body).unwrap(), complaints)
}

/// A browser that is closed however the test ends.
struct Closed(Child);

impl Drop for Closed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn answer(mut stream: TcpStream, report: &str, sent: &mpsc::Sender<Vec<u8>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut line, mut header, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut line).unwrap();
    while reader.read_line(&mut header).unwrap() > 2 {
        let lower = header.to_lowercase();
        length = lower.strip_prefix("content-length:").map_or(length, |value| value.trim().parse().unwrap());
        header.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let content = match line.split(' ').nth(1).unwrap_or_default() {
        "/seen" => {
            sent.send(body).unwrap();
            ""
        }
        "/report.html" => report,
        _ => DRIVE,
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        content.len()
    );
    // A browser that has seen enough hangs up.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(content.as_bytes()));
}

fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
