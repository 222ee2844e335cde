//! Installs a peer's source and its dependencies into a folder below the build folder, and runs it from there.
//!
//! It writes nothing into the source tree and installs nothing on the machine. Every version is pinned: by
//! `package-lock.json`, `requirements.txt` and `go.sum`. No install script of a package is run. An installation is
//! reused by the next run, until the pins or the runtime change.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use harness::Failure;
use harness::output;
use kit::visible::visible;
use tokio::process::Command;

use super::runtime::{Present, Runtime};

/// How long one step may take, for example when a registry does not respond.
const PATIENCE: Duration = Duration::from_secs(600);
/// The file that is written last, with the text of everything that the installation was made from.
const MARKER: &str = "installed";
/// The files that pin packages and their versions.
const PINS: [&str; 7] =
    ["package.json", "package-lock.json", "requirements.txt", "go.mod", "go.sum", "Cargo.toml", "Cargo.lock"];
/// Extensions of source files that are compiled, so that a change requires a new build.
const COMPILED: [&str; 2] = ["go", "rs"];
/// The folder where Debian stores the source of Go packages, by import path.
const DEBIAN_GO: &str = "/usr/share/gocode/src";
/// The only package that the Go peer needs: its name as a module, and in Debian's tree.
const GOLANG_JWT: (&str, &str) = ("github.com/golang-jwt/jwt/v4", "github.com/golang-jwt/jwt");

/// An installed peer, which can be started.
#[derive(Debug)]
pub(crate) struct Installed {
    /// The name of its folder in `benches/peers`.
    pub(crate) name: String,
    /// The folder that it is installed in.
    pub(crate) folder: PathBuf,
    /// The runtime and its version, as the report prints it.
    pub(crate) runs_on: String,
    runtime: Runtime,
}

impl Installed {
    /// The command that runs one of its files, or the program that was built from it.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = match self.runtime {
            Runtime::Node => {
                let mut node = Command::new("node");
                node.arg(format!("{name}.js")).env("NODE_ENV", "production");
                node
            }
            Runtime::Python => {
                let mut python = Command::new(self.folder.join(VENV_PYTHON));
                python.arg(format!("{name}.py"));
                python
            }
            Runtime::Go => Command::new(self.folder.join("program")),
            Runtime::Rust => Command::new(self.folder.join("build/release").join(name)),
        };
        command.current_dir(&self.folder);
        command
    }
}

const VENV_PYTHON: &str = if cfg!(windows) { "venv/Scripts/python.exe" } else { "venv/bin/python" };

/// Installs the peer `benches/peers/NAME`, unless it is installed already. The error is a sentence that says what is
/// missing.
pub(crate) async fn install(name: &str, runtime: Runtime) -> Result<Installed, Failure> {
    let present = runtime.look().await?;
    let source = source_of(name)?;
    let folder = output::build_folder().join("authlab/peers").join(name);
    fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    let _alone = alone(&folder).await?;
    copy(&source, &folder)?;
    let wanted = wanted(&source, &present)?;
    let marker = folder.join(MARKER);
    let runs_on = match fs::read_to_string(&marker).ok().and_then(|made| made_from(&made, &wanted)) {
        Some(runs_on) => runs_on,
        None => {
            fs::remove_file(&marker).or_else(|error| match error.kind() {
                std::io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })?;
            let remark = fetch(&folder, runtime).await?;
            let runs_on = format!("{}{remark}", present.said);
            fs::write(&marker, format!("{runs_on}\n{wanted}"))?;
            runs_on
        }
    };
    Ok(Installed { name: name.to_owned(), folder, runs_on: visible(&runs_on).into_owned(), runtime })
}

/// The peer's folder in the project around the current folder, or else in the one that this program was built from.
fn source_of(name: &str) -> Result<PathBuf, Failure> {
    let here = std::env::current_dir()?;
    let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let places = here.ancestors().chain([built_from.as_path()]);
    let mut folders = places.map(|place| place.join("benches/peers").join(name));
    let found = folders.find(|folder| folder.is_dir());
    found.ok_or_else(|| Failure::new("Its source is in the project's folder: `cd` into your clone."))
}

/// Locks the folder until the returned file is dropped: two programs that install into one folder would break it.
async fn alone(folder: &Path) -> Result<File, Failure> {
    let lock = File::create(folder.with_extension("lock"))?;
    let lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await??;
    Ok(lock)
}

fn copy(source: &Path, folder: &Path) -> Result<(), Failure> {
    for path in files(source)? {
        let there = folder.join(path.strip_prefix(source)?);
        if let Some(parent) = there.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::copy(&path, there)?;
    }
    Ok(())
}

/// All files below a folder, always in the same order.
fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => found.extend(files(&entry.path())?),
            false => found.push(entry.path()),
        }
    }
    found.sort();
    Ok(found)
}

/// The text that identifies an installation: the runtime, the pins, and the sources that are compiled.
fn wanted(source: &Path, present: &Present) -> Result<String, Failure> {
    let mut wanted = format!("{}\n", present.said);
    for path in files(source)? {
        let is_pins = path.file_name().is_some_and(|name| PINS.iter().any(|pins| name == *pins));
        let is_compiled =
            path.extension().is_some_and(|kind| COMPILED.iter().any(|compiled| kind == *compiled));
        if is_pins || is_compiled {
            wanted.push_str(&fs::read_to_string(path)?);
        }
    }
    Ok(wanted)
}

/// The first line of a marker, if its remaining text equals `wanted`.
fn made_from(marker: &str, wanted: &str) -> Option<String> {
    let (runs_on, made_from) = marker.split_once('\n')?;
    (made_from == wanted).then(|| runs_on.to_owned())
}

/// Downloads and builds. Returns the text that the report prints after the runtime's name.
async fn fetch(folder: &Path, runtime: Runtime) -> Result<String, Failure> {
    match runtime {
        Runtime::Node => {
            let quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
            let mut npm = Command::new("npm");
            npm.args(["ci", "--omit=dev", "--ignore-scripts"]).args(quiet);
            step(npm, folder).await?;
        }
        Runtime::Python => {
            let mut venv = Command::new("python3");
            venv.args(["-m", "venv", "--clear", "venv"]);
            step(venv, folder).await?;
            let mut pip = Command::new(folder.join(VENV_PYTHON));
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"])
                .args(["--no-deps", "--only-binary=:all:", "--requirement", "requirements.txt"]);
            step(pip, folder).await?;
        }
        Runtime::Go => return build(folder).await,
        Runtime::Rust => {
            let mut cargo = Command::new("cargo");
            // A fixed target folder: the user may have configured another one for this program's own build.
            cargo
                .args(["build", "--release", "--locked", "--quiet", "--target-dir", "build"])
                .env_remove("RUSTFLAGS");
            step(cargo, folder).await?;
        }
    }
    Ok(String::new())
}

/// Builds the Go program with the pinned module or, if the module proxy cannot be reached, with Debian's package of it.
async fn build(folder: &Path) -> Result<String, Failure> {
    let go = |arguments: &[&str]| {
        let mut go = Command::new("go");
        go.args(arguments).env("GOTOOLCHAIN", "local").env("GOFLAGS", "-mod=readonly");
        go
    };
    let built = ["build", "-trimpath", "-o", "program", "."];
    let Err(refused) = step(go(&built), folder).await else { return Ok(String::new()) };
    let (module, package) = GOLANG_JWT;
    let debian = Path::new(DEBIAN_GO).join(package);
    if !debian.is_dir() {
        let why = refused.to_string();
        return Err(Failure::new(format!(
            "{why} Debian's golang-github-golang-jwt-jwt-dev would do as well."
        )));
    }
    // The pins are not changed, because this and the next run compare them with the installed ones.
    fs::copy(folder.join("go.mod"), folder.join("debian.mod"))?;
    let replaced = format!("-replace={module}={}", debian.display());
    step(go(&["mod", "edit", &replaced, "debian.mod"]), folder).await?;
    let mut build = go(&["build", "-trimpath", "-modfile=debian.mod", "-o", "program", "."]);
    build.env("GOFLAGS", "-mod=mod").env("GOPROXY", "off");
    step(build, folder).await?;
    Ok(", golang-jwt as Debian packages it".to_owned())
}

/// Runs one command to its end. Ctrl-C ends it together with this program: it is in the same process group and is killed
/// when dropped.
async fn step(mut command: Command, folder: &Path) -> Result<(), Failure> {
    let shown = {
        let command = command.as_std();
        let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy();
        let arguments = command.get_args().take(3).map(|argument| argument.to_string_lossy());
        [program].into_iter().chain(arguments).collect::<Vec<_>>().join(" ")
    };
    command.current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    let ended = tokio::time::timeout(PATIENCE, command.output()).await;
    let Ok(output) = ended else {
        return Err(Failure::new(format!("`{shown}` did not end within {} s.", PATIENCE.as_secs())));
    };
    let output = output?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stderr, output.stdout].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let last = said.iter().find_map(|text| text.lines().rev().find(|line| !line.trim().is_empty()));
    Err(Failure::new(format!("`{shown}` failed: {}.", last.unwrap_or_default().trim().trim_end_matches('.'))))
}

#[cfg(test)]
mod tests {
    use super::super::runtime::Version;
    use super::*;

    fn present(said: &str) -> Present {
        Present { said: said.to_owned(), version: Version(20, 1) }
    }

    #[test]
    fn what_was_installed_is_good_until_its_pins_or_its_runtime_change() {
        let folder = tempfile::tempdir().unwrap();
        let pins = folder.path().join("package-lock.json");
        fs::write(&pins, "express 5.3.0").unwrap();
        let first = wanted(folder.path(), &present("Node.js v20.1.0")).unwrap();
        let marker = format!("Node.js v20.1.0\n{first}");
        assert_eq!(made_from(&marker, &first).as_deref(), Some("Node.js v20.1.0"));

        let other_runtime = wanted(folder.path(), &present("Node.js v22.0.0")).unwrap();
        assert_eq!(made_from(&marker, &other_runtime), None);
        fs::write(&pins, "express 5.3.1").unwrap();
        let other_pins = wanted(folder.path(), &present("Node.js v20.1.0")).unwrap();
        assert_eq!(made_from(&marker, &other_pins), None);
        let source = folder.path().join("server.js");
        fs::write(&source, "a source that is not compiled").unwrap();
        assert_eq!(wanted(folder.path(), &present("Node.js v20.1.0")).unwrap(), other_pins);
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/main.rs"), "one that is").unwrap();
        assert_ne!(wanted(folder.path(), &present("Node.js v20.1.0")).unwrap(), other_pins);
        // A marker of which only the beginning was written is invalid.
        assert_eq!(made_from("Node.js v20.1.0", &first), None);
    }

    #[tokio::test]
    async fn a_step_that_fails_is_told_with_the_last_thing_it_said() {
        let folder = tempfile::tempdir().unwrap();
        let mut program = Command::new(std::env::current_exe().unwrap());
        program.arg("--no-such-argument");
        let sentence = step(program, folder.path()).await.unwrap_err().to_string();
        assert!(sentence.contains("--no-such-argument` failed: "), "{sentence}");
    }

    #[test]
    fn a_peer_without_a_source_is_told_so() {
        let sentence = source_of("cobol-cgi").unwrap_err().to_string();
        assert_eq!(sentence, "Its source is in the project's folder: `cd` into your clone.");
        assert!(source_of("fastapi-pyjwt").unwrap().join("server.py").is_file());
    }
}
