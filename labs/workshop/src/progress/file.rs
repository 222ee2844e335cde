//! The progress file: read by anyone, written by one process at a time, and never half.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use harness::Failure;

use super::Stored;
use crate::course::Course;

/// The folder of the progress file, below the project's folder.
const FOLDER: &str = ".authlab";
const FILE: &str = "progress.json";
/// The file that is locked. It is another one than the progress file, because that one is replaced at each change.
const LOCK: &str = "progress.lock";

/// Where the progress of a course is stored.
#[derive(Debug)]
pub(super) struct File {
    folder: PathBuf,
    /// The earlier names of steps, each with the step's present name.
    renamed: Vec<(String, String)>,
}

/// A lock on the progress file, released when this value is dropped.
pub(super) struct Locked(#[expect(dead_code, reason = "held, not read")] Option<fs::File>);

impl File {
    pub(super) fn of(course: &Course) -> Self {
        let renamed =
            course.steps().flat_map(|(_, step)| step.was.iter().map(|was| (was.clone(), step.id.clone())));
        Self { folder: course.root.join(FOLDER), renamed: renamed.collect() }
    }

    /// Waits until no other process has the lock, and takes it. A file system without locks is used without one.
    pub(super) fn lock(&self) -> Result<Locked, Failure> {
        fs::create_dir_all(&self.folder).map_err(|error| cannot("create", &self.folder, &error))?;
        let path = self.folder.join(LOCK);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|error| cannot("open", &path, &error))?;
        match file.lock() {
            Ok(()) => Ok(Locked(Some(file))),
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(Locked(None)),
            Err(error) => Err(cannot("lock", &path, &error)),
        }
    }

    /// What the file contains; nothing if there is no file.
    ///
    /// # Errors
    /// The file cannot be read, or it is damaged. A damaged file is renamed, so that nothing overwrites it.
    pub(super) fn read(&self) -> Result<Stored, Failure> {
        match self.parsed()? {
            Ok(stored) => Ok(stored),
            // The file may have been set aside and written anew by another process, so it is read again.
            Err(_damage) => self.read_locked(&self.lock()?),
        }
    }

    /// Like [`read`](Self::read), for a process that has the lock.
    pub(super) fn read_locked(&self, _: &Locked) -> Result<Stored, Failure> {
        self.parsed()?.map_err(|damage| self.set_aside(&damage))
    }

    fn parsed(&self) -> Result<Result<Stored, serde_json::Error>, Failure> {
        let path = self.folder.join(FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Ok(Stored::default())),
            Err(error) => return Err(cannot("read", &path, &error)),
        };
        Ok(serde_json::from_slice(&bytes).map(|stored| self.with_present_names(stored)))
    }

    fn with_present_names(&self, mut stored: Stored) -> Stored {
        for (was, now) in &self.renamed {
            if let Some(record) = stored.steps.remove(was) {
                stored.steps.entry(now.clone()).or_insert(record);
            }
        }
        stored
    }

    /// Renames a damaged file to the first unused name of the form `progress.json.damaged-1`, and says so.
    fn set_aside(&self, damage: &serde_json::Error) -> Failure {
        let path = self.folder.join(FILE);
        let mut aside = path.with_extension("json.damaged-1");
        for number in 2.. {
            if !aside.exists() {
                break;
            }
            aside = path.with_extension(format!("json.damaged-{number}"));
        }
        let failure = Failure::new(format!("{} is damaged ({damage})", path.display()));
        match fs::rename(&path, &aside) {
            Ok(()) => failure.advice(format!(
                "it was renamed to {}: repair it and rename it back, or run the command again to start with no step done",
                aside.display()
            )),
            Err(error) => failure.caused_by(&error).advice("repair it, or move it away to start with no step done"),
        }
    }

    /// Writes the file completely or not at all: writes a temporary file, then renames it.
    pub(super) fn write(&self, stored: &Stored) -> Result<(), Failure> {
        let (path, unfinished) = (self.folder.join(FILE), self.folder.join(FILE).with_extension("json.new"));
        let written = serde_json::to_vec_pretty(stored)?;
        let write = || {
            let mut file = fs::File::create(&unfinished)?;
            file.write_all(&written)?;
            file.sync_all()?;
            fs::rename(&unfinished, &path)
        };
        write().map_err(|error| cannot("write", &path, &error))
    }
}

fn cannot(act: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot {act} {}", path.display())).caused_by(error)
}
