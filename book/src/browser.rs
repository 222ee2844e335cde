//! Tests of the built book in a real browser: the search in both languages, the link to the other language, the
//! workbench, a question, and every page at a phone's width.
//!
//! A test page shows the book in a frame, performs a reader's actions there, and posts its report to this test. So the
//! test needs only Chromium and this file, no library or driver for the browser. The test page also runs the
//! accessibility rules of axe-core (`book/tests/axe`) on each page, in a light and in a dark theme.

mod keyboard;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use kit::testing::browser::{Closed, FLAGS, chromium};

use crate::figures::Figures;
use crate::lang::Lang;
use crate::page::Page;
use crate::{build, serve};

const DRIVE: &str = include_str!("browser/drive.js");
const AXE: &[u8] = include_bytes!("../tests/axe/axe.min.js");
/// The time limit of the whole test: enough for a slow machine, a cold start, and all pages twice.
const PATIENCE: Duration = Duration::from_secs(240);

/// The report of the test page: the name of each trial, and what was wrong with it, if anything.
type Report = BTreeMap<String, Option<String>>;

#[test]
fn a_reader_finds_switches_tries_and_answers() {
    let Some(program) = chromium() else { return };
    let built = tempfile::tempdir().unwrap();
    for lang in Lang::ALL {
        build(lang, &Figures::committed().unwrap(), Some(built.path())).unwrap();
    }
    let report = report_of(&program, built.path());
    let wrong: Vec<_> = report.iter().filter_map(|(what, wrong)| Some((what, wrong.as_ref()?))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let tried = ["search in English", "search in Japanese", "language switch", "workbench", "question"];
    let all: Vec<_> = tried.iter().filter(|what| report.contains_key(**what)).collect();
    assert_eq!(all.len(), tried.len(), "the report is not whole: {report:#?}");
}

/// Opens the test page in a browser, and waits for its report.
fn report_of(program: &Path, folder: &Path) -> Report {
    let (sent, received) = mpsc::channel();
    let address = served(folder, sent);
    let profile = tempfile::tempdir().unwrap();
    let browser = Command::new(program)
        .args(FLAGS)
        .arg("--window-size=1200,1000")
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--remote-debugging-port=0", &format!("http://{address}/drive.html")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _browser = Closed(browser);
    let body = received.recv_timeout(PATIENCE).expect("the browser reported nothing");
    serde_json::from_slice(&body).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&body));
    })
}

/// Serves a folder to a browser, and passes on the reports that it posts.
fn served(folder: &Path, sent: mpsc::Sender<Vec<u8>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let folder = folder.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (folder, sent) = (folder.clone(), sent.clone());
            std::thread::spawn(move || answer(stream, &folder, &sent));
        }
    });
    address
}

fn answer(mut stream: TcpStream, folder: &Path, sent: &mpsc::Sender<Vec<u8>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let (mut header, mut length) = (String::new(), 0);
    while reader.read_line(&mut header).unwrap() > 2 {
        let lower = header.to_lowercase();
        length = lower.strip_prefix("content-length:").map_or(length, |value| value.trim().parse().unwrap());
        header.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let target = line.split(' ').nth(1).unwrap_or_default();
    let (kind, content) = match target {
        "/report" => {
            sent.send(body).unwrap();
            ("text/plain", Vec::new())
        }
        "/drive.html" => ("text/html; charset=utf-8", drive().into_bytes()),
        "/axe.js" => ("text/javascript", AXE.to_vec()),
        _ => {
            let path = serve::file(folder, target).unwrap_or_default();
            (serve::kind(&path), fs::read(&path).unwrap_or_default())
        }
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\ncache-control: max-age=600\r\nconnection: close\r\n\r\n",
        content.len()
    );
    // A write error is ignored: a frame that navigates drops the files that it was still loading.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&content));
}

/// The test page, with the names of all pages.
fn drive() -> String {
    let names = |lang: Lang| -> Vec<String> {
        let pages = Page::all(&lang.folder()).unwrap();
        pages.into_iter().map(|page| page.name.replace(".md", ".html")).collect()
    };
    let plan = serde_json::json!({ "pages": names(Lang::En) });
    format!("<!doctype html><title>drive</title><body><script>const plan = {plan};\n{DRIVE}</script>")
}
