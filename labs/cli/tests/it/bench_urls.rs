//! Tests of `bench --url` against servers that do not behave: the report says what happened, and a server that did not
//! do the work has no figures.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use measure::load::Outcome;
use measure::report::Report;

use crate::program::{Ended, command, run};
use crate::unruly::Server;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const SECRET: &str = "Bearer s3cret-of-the-test";

/// The shortest measurement of these URLs, beside the baseline. The report is written into `folder`.
fn bench(folder: &Path, urls: &[String], more: &[&str]) -> Ended {
    let into = folder.to_str().unwrap();
    let mut line =
        vec!["bench", "--smoke", "--store", "memory", "--designs", "none", "--into", into, "--json"];
    urls.iter().for_each(|url| line.extend(["--url", url]));
    line.extend(more);
    run(&line)
}

fn with_credential() -> [String; 2] {
    ["--header".to_owned(), format!("authorization: {SECRET}")]
}

#[test]
fn a_server_that_does_not_answer_as_expected_has_no_figures_and_every_format_says_what_it_did() {
    let fine = Server::answering(|_| Some(OK));
    let closing = Server::answering(|_| None);
    let every_tenth = Server::answering(|number| (!number.is_multiple_of(10)).then_some(OK));
    let unauthorized = Server::answering(|_| Some("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n"));
    let moved =
        Server::answering(|_| Some("HTTP/1.1 302 Found\r\nlocation: /login\r\ncontent-length: 0\r\n\r\n"));
    let failing = Server::answering(|number| match number % 20 {
        0 => Some("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"),
        _ => Some(OK),
    });
    let servers = [&fine, &closing, &every_tenth, &unauthorized, &moved, &failing];
    let urls = servers.map(Server::url);
    let folder = tempfile::tempdir().unwrap();
    let header = with_credential();
    let ended = bench(folder.path(), &urls, &[&header[0], &header[1]]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);

    let report: Report = serde_json::from_str(&ended.stdout).unwrap();
    let ceiling = report.ceiling.as_ref().unwrap();
    let served: Vec<&str> = ceiling.designs.iter().map(|figures| figures.design.as_str()).collect();
    assert_eq!(served, ["none", &urls[0]]);
    let [_, closing, every_tenth, unauthorized, moved, failing] = &urls;
    let unserved = |url: &str| ceiling.unserved(url).unwrap();
    for (url, why) in [
        (closing, "no request was answered with 200; instead: connection closed before an answer"),
        (unauthorized, "no request was answered with 200; instead: 401"),
        (moved, "no request was answered with 200; instead: 302"),
    ] {
        assert_eq!(unserved(url).why, why);
    }
    for (url, instead) in [(every_tenth, "connection closed before an answer"), (failing, "500")] {
        let why = format!(
            " % of the requests were not answered with 200, and at most 1 % may fail; instead: {instead}"
        );
        assert!(unserved(url).why.ends_with(&why), "{}", unserved(url).why);
    }
    let statuses = &unserved(failing).outcomes;
    assert!(statuses.count(&Outcome::Answered(200)) > 10 * statuses.count(&Outcome::Answered(500)));
    assert!(report.rates.iter().all(|rate| rate.unserved.is_empty()), "they are not measured any further");

    let sentence = format!(
        "No figures for {unauthorized} (the ceiling): no request was answered with 200; instead: 401. Its credential is \
         missing, wrong or has expired."
    );
    assert!(ended.stderr.contains(&format!("note: {sentence}")), "{}", ended.stderr);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let (html, markdown, json) = (read("report.html"), read("report.md"), read("report.json"));
    for text in [&html, &markdown] {
        for part in [&sentence, "What the servers answered", " · 500: ", "302: "] {
            assert!(text.contains(part), "{part}");
        }
    }
    assert!(markdown.contains(&format!("| {unauthorized} | – | – |")), "{markdown}");
    for text in [&html, &markdown, &json, &ended.stdout, &ended.stderr] {
        assert!(!text.contains("s3cret"), "a header's value is a credential");
    }
}

/// Its twin is `bad_input::a_url_that_refuses_the_connection_is_not_measured_and_its_cause_is_told`.
#[test]
fn localhost_is_measured_where_the_server_listens_and_the_report_says_at_which_address() {
    let (v6, v4) =
        (Server::on(Ipv6Addr::LOCALHOST, |_| Some(OK)), Server::on(Ipv4Addr::LOCALHOST, |_| Some(OK)));
    let urls = [&v6, &v4].map(|server| format!("http://localhost:{}/me?page=2", server.address.port()));
    let folder = tempfile::tempdir().unwrap();
    let header = with_credential();
    let ended = bench(folder.path(), &urls, &[&header[0], &header[1]]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let report: Report = serde_json::from_str(&ended.stdout).unwrap();
    for (server, url) in [&v6, &v4].into_iter().zip(&urls) {
        let what = format!("a server at a URL, measured at {}", server.address);
        assert_eq!(report.subject(url).unwrap().what, what);
        assert!(ended.stderr.contains(&format!("{url}: using the headers, at {}", server.address)));
        let host = format!("localhost:{}", server.address.port());
        assert_eq!(server.hosts(), BTreeSet::from([host]), "one Host header, the URL's");
    }
}

#[test]
fn a_host_header_replaces_the_urls_and_no_request_has_two() {
    let server = Server::answering(|_| Some(OK));
    let folder = tempfile::tempdir().unwrap();
    let header = with_credential();
    let more = [&header[0], &header[1], "--header", "HOST: app.example"];
    let ended = bench(folder.path(), &[server.url()], &more);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(server.hosts(), BTreeSet::from(["app.example".to_owned()]));
}

/// The twins of these headers and URLs are measured by the tests above.
#[test]
fn a_header_or_url_that_cannot_be_sent_is_refused_before_anything_is_measured_and_its_secret_is_not_repeated()
{
    let server = Server::answering(|_| Some(OK));
    let folder = tempfile::tempdir().unwrap();
    let (url, port) = (server.url(), server.address.port());
    let one = "the load generator sets it for its own connections and bodies; leave it out";
    let twice = "a request has exactly one (RFC 9112 §3.2), and it was given twice";
    for (headers, name, reason) in [
        (&["content-length: 31337"][..], "content-length", one),
        (&["Transfer-Encoding: s3cret"], "transfer-encoding", one),
        (&["connection: s3cret"], "connection", one),
        (&["host: a", "Host: s3cret"], "host", twice),
        (&["Bearer s3cret: x"], "…", "its name is invalid"),
    ] {
        let more: Vec<&str> = headers.iter().flat_map(|header| ["--header", header]).collect();
        let ended = bench(folder.path(), std::slice::from_ref(&url), &more);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert_eq!(ended.stderr, format!("error: header `{name}` cannot be sent: {reason}\n"));
        assert_eq!(ended.stdout, "");
    }
    for (url, shown, reason) in [
        (
            format!("http://ann:s3cret@127.0.0.1:{port}/me"),
            format!("http://…@127.0.0.1:{port}/me"),
            "--header",
        ),
        (format!("http://127.0.0.1:{port}/me#top"), format!("http://127.0.0.1:{port}/me#top"), "fragment"),
    ] {
        let ended = bench(folder.path(), &[url], &[]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.starts_with(&format!("error: `{shown}` cannot be measured: it ")), "{ended:?}");
        assert!(ended.stderr.contains(reason) && !ended.stderr.contains("s3cret"), "{ended:?}");
    }
    assert_eq!(server.hosts(), BTreeSet::new(), "no request was sent");
}

#[cfg(unix)]
#[test]
fn a_limit_of_open_files_that_is_too_low_is_named_and_the_server_is_not_blamed() {
    let server = Server::answering(|_| Some(OK));
    let folder = tempfile::tempdir().unwrap();
    let limited = |files: u32| {
        let program = command(&[], &[]).get_program().to_str().unwrap().to_owned();
        let line = format!(
            "ulimit -n {files}; exec {program} bench --smoke --store memory --designs none --into {} --url {} \
             --header 'x-tag: a' --json",
            folder.path().display(),
            server.url()
        );
        std::process::Command::new("sh").args(["-c", &line]).output().unwrap()
    };
    let refused = limited(40);
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("Too many open files") && stderr.contains("raise `ulimit -n`"), "{stderr}");
    assert!(!stderr.contains("is the server running"), "{stderr}");

    let measured = limited(400);
    assert_eq!(measured.status.code(), Some(0), "{}", String::from_utf8_lossy(&measured.stderr));
}

/// Its twin is every other test of this file: the folder is created and written.
#[test]
fn a_folder_that_cannot_be_written_is_refused_before_anything_is_measured() {
    let server = Server::answering(|_| Some(OK));
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    std::fs::write(&file, "").unwrap();
    for folder in [file.clone(), file.join("below/it")] {
        let ended = bench(&folder, &[server.url()], &[]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        let sentence = format!("error: the report cannot be written to {}: ", folder.display());
        assert!(ended.stderr.starts_with(&sentence), "{ended:?}");
        assert!(ended.stderr.ends_with("; choose another folder with --into\n"), "{ended:?}");
    }
    assert_eq!(server.hosts(), BTreeSet::new(), "no request was sent");
}
