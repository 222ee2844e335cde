//! `cargo book serve`: serves the built book on a loopback address. The book is built again whenever a page, a picture
//! or a style sheet is saved.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use crate::listen::ListenAt;
use crate::stdout;

/// The most bytes of a request that are read.
const LONGEST: u64 = 8 * 1024;
/// How long a reader may keep a connection open without sending.
const PATIENCE: Duration = Duration::from_secs(5);

/// Serves a folder until the program ends.
pub(crate) fn serve(folder: &Path, at: &ListenAt) -> Result<()> {
    let listener =
        TcpListener::bind(at.address).with_context(|| format!("cannot listen on {}", at.address))?;
    stdout::line(format_args!("http://{}/", listener.local_addr()?));
    let served = Arc::new(Served { folder: folder.to_owned(), name: at.name.clone() });
    for stream in listener.incoming() {
        let (stream, served) = (stream?, Arc::clone(&served));
        // An error in one answer, as when the reader closes the connection, does not stop the server.
        std::thread::spawn(move || answer(stream, &served).ok());
    }
    Ok(())
}

/// What is served, and under which name.
struct Served {
    folder: PathBuf,
    /// The host name with which the server was started, if any.
    name: Option<String>,
}

impl Served {
    /// Whether a `Host` names this server: an IP address, `localhost` or the name with which it was started. Another
    /// name may be that of a page on the internet which points at this machine (DNS rebinding), and the book may contain
    /// the figures of the reader's own report.
    fn is_meant(&self, host: &str) -> bool {
        let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, _)) => address,
            None => host.rsplit_once(':').map_or(host, |(name, _)| name),
        };
        let is_named = |own: &str| name.eq_ignore_ascii_case(own);
        name.parse::<IpAddr>().is_ok() || is_named("localhost") || self.name.as_deref().is_some_and(is_named)
    }
}

fn answer(mut stream: TcpStream, served: &Served) -> Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    let mut reader = BufReader::new(std::io::Read::take(&stream, LONGEST));
    reader.read_line(&mut line)?;
    // All headers are read: closing the socket with unread data would reset the connection.
    let (mut header, mut hosts) = (String::new(), Vec::new());
    while reader.read_line(&mut header)? > 2 {
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("host")
        {
            hosts.push(value.trim().to_owned());
        }
        header.clear();
    }
    if !matches!(&hosts[..], [host] if served.is_meant(host)) {
        let sentence = b"This server answers under its IP address, as localhost, and under the name given with --listen.\n";
        return write_answer(&mut stream, "421 Misdirected Request", "text/plain", sentence);
    }
    let target = line.strip_prefix("GET ").and_then(|rest| rest.split(' ').next());
    if target == Some("/") {
        // Links between pages are relative, so the first page must be loaded from its own path.
        stream.write_all(b"HTTP/1.1 302 Found\r\nlocation: /en/index.html\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
        return Ok(());
    }
    let path = target.and_then(|target| file(&served.folder, target));
    let (status, kind, body) = match path.map(|path| (kind(&path), fs::read(&path))) {
        Some((kind, Ok(body))) => ("200 OK", kind, body),
        _ => ("404 Not Found", "text/plain", b"There is no such page.\n".to_vec()),
    };
    write_answer(&mut stream, status, kind, &body)
}

fn write_answer(stream: &mut TcpStream, status: &str, kind: &str, body: &[u8]) -> Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\ncache-control: no-cache\r\nconnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)?;
    Ok(())
}

/// The file for a request's target, always inside the folder; `None` if the target leads out of it.
pub(crate) fn file(folder: &Path, target: &str) -> Option<PathBuf> {
    let path = target.split(['?', '#']).next()?.trim_start_matches('/');
    let path = Path::new(path);
    let stays_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    let found = folder.join(path);
    stays_inside.then(|| if found.is_dir() { found.join("index.html") } else { found })
}

/// The media type of a file, by its name.
pub(crate) fn kind(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

/// The time of the latest change below these folders.
pub(crate) fn last_change(folders: &[PathBuf]) -> Option<SystemTime> {
    let of = |path: &PathBuf| -> Option<SystemTime> {
        if path.is_dir() {
            let inside: Vec<_> = fs::read_dir(path).ok()?.flatten().map(|entry| entry.path()).collect();
            return last_change(&inside);
        }
        path.metadata().ok()?.modified().ok()
    };
    folders.iter().filter_map(of).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_file_inside_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("ja")).unwrap();
        let named = |target| {
            file(folder.path(), target).map(|file| file.strip_prefix(folder.path()).unwrap().to_owned())
        };
        assert_eq!(named("/ja/"), Some("ja/index.html".into()));
        assert_eq!(named("/ja/hybrid.html?highlight=a#b"), Some("ja/hybrid.html".into()));
        assert_eq!(named("/../Cargo.toml"), None);
        assert_eq!(named("//etc/passwd"), Some("etc/passwd".into()));
    }

    /// The status line and the body that a server sends to a request with these header lines.
    fn answered(headers: &str) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.html"), "the page").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        write!(client, "GET /a.html HTTP/1.1\r\n{headers}\r\n").unwrap();
        let served = Served { folder: folder.path().to_owned(), name: Some("book.lan".into()) };
        answer(listener.accept().unwrap().0, &served).unwrap();
        let text = std::io::read_to_string(client).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }

    #[test]
    fn an_own_name_or_an_ip_address_is_answered() {
        for host in ["127.0.0.1:3000", "192.168.1.2", "[::1]:3000", "LocalHost:3000", "book.lan:3000"] {
            let page = ("HTTP/1.1 200 OK".to_owned(), "the page".to_owned());
            assert_eq!(answered(&format!("Accept: */*\r\nHost: {host}\r\n")), page, "{host}");
        }
    }

    #[test]
    fn a_foreign_name_two_names_and_none_are_refused() {
        for headers in [
            "Host: attacker.example\r\n",
            "Host: 127.0.0.1.attacker.example:3000\r\n",
            "Host: book.lan.attacker.example\r\n",
            "Host: 127.0.0.1\r\nHost: attacker.example\r\n",
            "",
        ] {
            let (status, body) = answered(headers);
            assert_eq!(status, "HTTP/1.1 421 Misdirected Request", "{headers}");
            assert!(body.starts_with("This server answers under its IP address"), "{body}");
        }
    }

    #[test]
    fn a_saved_file_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let folders = [folder.path().to_owned()];
        assert_eq!(last_change(&folders), None);
        fs::write(folder.path().join("a.md"), "one").unwrap();
        assert!(last_change(&folders).is_some());
    }
}
