//! A Redis that writes everything to disk, and that a test can kill, restart, empty and restore from a backup.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Part, found_or_skip};
use crate::config::RedisTimes;
use crate::redis::{Redis, discovery};

const PATIENCE: Duration = Duration::from_secs(20);

/// A Redis process on a port of its own. Dropping this ends it.
pub struct DurableRedis {
    program: PathBuf,
    port: u16,
    folder: TempDir,
    child: Child,
}

/// A backup: what a Redis had on its disk at one moment.
pub struct Saved(TempDir);

impl DurableRedis {
    /// Starts a Redis, or returns `None` after reporting the skip.
    pub async fn start() -> Option<Self> {
        let program = found_or_skip(
            Part::Redis,
            discovery::on_path().ok_or("neither valkey-server nor redis-server is on the PATH".to_owned()),
        )?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?.local_addr().ok()?.port();
        let folder = tempfile::tempdir().ok()?;
        let child = spawn(&program, port, folder.path());
        let redis = Self { program, port, folder, child };
        redis.until_it_answers().await;
        Some(redis)
    }

    /// The URL of the Redis, the same after a restart.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// A new connection for the test.
    ///
    /// # Panics
    /// The Redis does not answer.
    pub async fn connect(&self) -> Redis {
        match Redis::connect(&self.url(), RedisTimes::default()).await {
            Ok(redis) => redis,
            Err(error) => panic!("{error}"),
        }
    }

    /// A backup of what is on disk now. It contains every write that the Redis has answered.
    ///
    /// # Panics
    /// The disk cannot be read.
    pub fn saved(&self) -> Saved {
        let copy = tempfile::tempdir().and_then(|to| copy(self.folder.path(), to.path()).map(|()| to));
        Saved(copy.unwrap_or_else(|error| panic!("the Redis' folder cannot be copied: {error}")))
    }

    /// Kills the Redis and starts it with what it has on disk.
    pub async fn restart(&mut self) {
        self.kill();
        self.begin().await;
    }

    /// Kills the Redis and starts it with a backup.
    ///
    /// # Panics
    /// The disk cannot be written.
    pub async fn restore(&mut self, saved: &Saved) {
        self.kill();
        self.clear();
        if let Err(error) = copy(saved.0.path(), self.folder.path()) {
            panic!("the backup cannot be put back: {error}");
        }
        self.begin().await;
    }

    /// Kills the Redis and starts it without its data.
    pub async fn lose_everything(&mut self) {
        self.kill();
        self.clear();
        self.begin().await;
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn clear(&self) {
        let cleared = fs::read_dir(self.folder.path()).and_then(|entries| {
            for entry in entries {
                let path = entry?.path();
                if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
            }
            Ok(())
        });
        assert!(cleared.is_ok(), "the Redis' folder cannot be cleared: {cleared:?}");
    }

    async fn begin(&mut self) {
        self.child = spawn(&self.program, self.port, self.folder.path());
        self.until_it_answers().await;
    }

    async fn until_it_answers(&self) {
        let start = Instant::now();
        while let Err(error) = Redis::connect(&self.url(), RedisTimes::default()).await {
            assert!(start.elapsed() < PATIENCE, "{error}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for DurableRedis {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(program: &Path, port: u16, folder: &Path) -> Child {
    let started = Command::new(program)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .args(["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    started.unwrap_or_else(|error| panic!("{} cannot be started: {error}", program.display()))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let (source, target) = {
            let entry = entry?;
            (entry.path(), to.join(entry.file_name()))
        };
        if source.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&source, &target)?;
        } else if source.is_file() {
            fs::copy(&source, &target)?;
        }
    }
    Ok(())
}
