//! `cargo book serve`: serves the built book on a loopback address. The book is built again whenever a page, a picture
//! or a style sheet is saved.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

/// The most bytes of a request that are read.
const LONGEST: u64 = 8 * 1024;
/// How long a reader may keep a connection open without sending.
const PATIENCE: Duration = Duration::from_secs(5);

/// Serves a folder until the program ends.
pub(crate) fn serve(folder: &Path, address: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    println!("http://{}/", listener.local_addr()?);
    for stream in listener.incoming() {
        let (stream, folder) = (stream?, folder.to_owned());
        // An error in one answer, as when the reader closes the connection, does not stop the server.
        std::thread::spawn(move || answer(stream, &folder).ok());
    }
    Ok(())
}

fn answer(mut stream: TcpStream, folder: &Path) -> Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    let mut reader = BufReader::new(std::io::Read::take(&stream, LONGEST));
    reader.read_line(&mut line)?;
    // The headers are read and ignored: closing the socket with unread data would reset the connection.
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let target = line.strip_prefix("GET ").and_then(|rest| rest.split(' ').next());
    if target == Some("/") {
        // Links between pages are relative, so the first page must be loaded from its own path.
        stream.write_all(b"HTTP/1.1 302 Found\r\nlocation: /en/index.html\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
        return Ok(());
    }
    let path = target.and_then(|target| file(folder, target));
    let (status, kind, body) = match path.map(|path| (kind(&path), fs::read(&path))) {
        Some((kind, Ok(body))) => ("200 OK", kind, body),
        _ => ("404 Not Found", "text/plain", b"There is no such page.\n".to_vec()),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\ncache-control: no-cache\r\nconnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body)?;
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

    #[test]
    fn a_saved_file_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let folders = [folder.path().to_owned()];
        assert_eq!(last_change(&folders), None);
        fs::write(folder.path().join("a.md"), "one").unwrap();
        assert!(last_change(&folders).is_some());
    }
}
