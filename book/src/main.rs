//! Builds the book. mdBook is used as a library, so that a reader need not install it. Before the build, our own gates
//! check the pages, because mdBook reports success for a page whose included code is missing.

#[cfg(test)]
mod browser;
mod fence;
mod figures;
mod gate;
mod interface;
mod lang;
mod listen;
mod page;
mod registry;
mod render;
mod run;
mod serve;
mod stdout;
mod themes;
mod words;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use mdbook_driver::MDBook;
use mdbook_preprocessor::Preprocessor;

use crate::figures::Figures;
use crate::lang::Lang;
use crate::listen::ListenAt;
use crate::page::Page;

/// The folder in which the languages are built, as `book.toml` says.
const BUILT: &str = "../target/book";

/// How often `serve` checks for saved pages.
const LOOK_EVERY: Duration = Duration::from_millis(400);

/// Build the authlab book
#[derive(Parser)]
#[command(name = "cargo book", bin_name = "cargo book")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check every page in both languages, then build HTML in target/book
    Build {
        /// Build only this language; both languages are still checked
        #[arg(long)]
        lang: Option<Lang>,
        /// Show the figures of this report instead of those of the committed one
        ///
        /// Your own report is target/authlab/report/report.json.
        #[arg(long, value_name = "REPORT.JSON")]
        report: Option<PathBuf>,
    },
    /// Build the book, serve it on this machine, and rebuild it when a page is saved
    Serve {
        /// The address to listen on; port 0 selects a free port
        #[arg(long, default_value = "127.0.0.1:3000", value_name = "HOST:PORT")]
        listen: ListenAt,
        /// Show the figures of this report instead of those of the committed one
        #[arg(long, value_name = "REPORT.JSON")]
        report: Option<PathBuf>,
    },
    /// Run every command that the book shows with its output, and compare the output
    ///
    /// This includes the commands that take long.
    Run {
        /// The program to run for `cargo lab` [default: the one next to this program]
        #[arg(long, value_name = "PROGRAM")]
        lab: Option<PathBuf>,
    },
    /// Record that a Japanese page matches its English page in the current version
    Translated {
        /// The names of the pages, such as hybrid.md [default: all pages]
        #[arg(value_name = "PAGE")]
        pages: Vec<String>,
    },
    /// Run as a preprocessor of an unmodified mdbook
    #[command(hide = true)]
    Preprocess {
        #[arg(value_name = "supports RENDERER", num_args = 0..)]
        supports: Vec<String>,
    },
}

fn main() -> Result<ExitCode> {
    match Cli::parse().command {
        Command::Build { lang, report } => checked_build(lang, &Figures::read_or_committed(report.as_ref())?),
        Command::Serve { listen, report } => {
            serve_and_watch(&listen, Figures::read_or_committed(report.as_ref())?)
        }
        Command::Run { lab } => run_all(lab),
        Command::Translated { pages } => translated(&pages),
        Command::Preprocess { supports } => preprocess(&supports),
    }
}

fn checked_build(lang: Option<Lang>, figures: &Figures) -> Result<ExitCode> {
    let faults = gate::faults(&Lang::En.folder(), &Lang::Ja.folder())?;
    for fault in &faults {
        stdout::note(fault);
    }
    if !faults.is_empty() {
        stdout::note(format_args!("the book was not built; faults to repair: {}", faults.len()));
        return Ok(ExitCode::FAILURE);
    }
    for lang in Lang::ALL.into_iter().filter(|one| lang.is_none_or(|asked| asked == *one)) {
        stdout::line(build(lang, figures, None)?.display());
    }
    if lang.is_some() {
        // Each page links to its translation, so links can only be checked if both languages are built.
        return Ok(ExitCode::SUCCESS);
    }
    let report = gate::built::report(&Path::new(env!("CARGO_MANIFEST_DIR")).join(BUILT), &["en", "ja"])?;
    for (page, link) in &report.dead {
        stdout::note(format_args!("{page}: the link `{link}` has no target"));
    }
    stdout::line(format_args!("{} links checked, {} dead", report.followed, report.dead.len()));
    Ok(if report.dead.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn serve_and_watch(listen: &ListenAt, figures: Figures) -> Result<ExitCode> {
    let first = build(Lang::En, &figures, None)?;
    build(Lang::Ja, &figures, None)?;
    let folder = first.ancestors().nth(2).context("the path of the built book is too short")?.to_owned();
    std::thread::spawn(move || {
        let book = Path::new(env!("CARGO_MANIFEST_DIR"));
        let watched = ["en", "ja", "assets"].map(|part| book.join(part));
        let mut built = serve::last_change(&watched);
        loop {
            // The files' times are polled, because no event reports that an author saved a page.
            std::thread::park_timeout(LOOK_EVERY);
            let change = serve::last_change(&watched);
            if change != built {
                built = change;
                if let Err(error) = checked_build(None, &figures) {
                    stdout::note(format_args!("{error:#}"));
                }
            }
        }
    });
    serve::serve(&folder, listen)?;
    Ok(ExitCode::SUCCESS)
}

fn run_all(lab: Option<PathBuf>) -> Result<ExitCode> {
    let beside = || Ok::<_, std::io::Error>(std::env::current_exe()?.with_file_name("authlab"));
    let lab = lab.map_or_else(beside, Ok)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut code = ExitCode::SUCCESS;
    for run in Lang::ALL.iter().map(|lang| Page::all(&lang.folder())).collect::<Result<Vec<_>>>()? {
        for run in run::all(&run) {
            if let Some(said) = run.surprise(&root, &lab)? {
                stdout::line(format_args!("DIFFERENT {} {}\n{said}", run.at, run.command));
                code = ExitCode::FAILURE;
            } else {
                stdout::line(format_args!("as shown  {} {}", run.at, run.command));
            }
        }
    }
    Ok(code)
}

fn translated(names: &[String]) -> Result<ExitCode> {
    let (english, japanese) = (Page::all(&Lang::En.folder())?, Page::all(&Lang::Ja.folder())?);
    if let Some(unknown) = names.iter().find(|name| !english.iter().any(|page| page.name == **name)) {
        bail!("there is no page {unknown}");
    }
    for page in japanese.iter().filter(|page| names.is_empty() || names.contains(&page.name)) {
        if let Some(source) = english.iter().find(|source| source.name == page.name) {
            gate::translation::note(source, page)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn preprocess(supports: &[String]) -> Result<ExitCode> {
    if supports.is_empty() {
        let (context, book) = mdbook_preprocessor::parse_input(std::io::stdin())?;
        serde_json::to_writer(
            std::io::stdout(),
            &render::Render(Figures::committed()?).run(&context, book)?,
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds one language, in a folder of its own below `to`, or where `book.toml` says. Returns the path of its first
/// page.
fn build(lang: Lang, figures: &Figures, to: Option<&Path>) -> Result<PathBuf> {
    let folder = lang.folder();
    let mut book = MDBook::load(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    book.with_preprocessor(render::Render(figures.clone()));
    if let Some(to) = to {
        book.config.build.build_dir =
            to.join(folder.file_name().context("the folder of the language has no name")?);
    }
    book.build().with_context(|| format!("{} cannot be built", folder.display()))?;
    let built = book.build_dir_for("html");
    themes::keep_light_and_dark(&built)?;
    fs::write(built.join("workbench.js"), lab1_token::WORKBENCH)?;
    if lang == Lang::Ja {
        interface::translate(&built)?;
    }
    let first = built.join("index.html");
    first.canonicalize().with_context(|| format!("{} was not created", first.display()))
}
