//! Builds the book: mdBook as a library, so that nobody has to install anything, behind gates of our own, since mdBook
//! builds a page whose included code is gone and reports success.

mod gate;
mod page;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand, ValueEnum};
use mdbook_driver::MDBook;

/// Builds the authlab book.
#[derive(Parser)]
#[command(name = "cargo book", bin_name = "cargo book")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check every page in both languages, then build HTML in target/book.
    Build {
        /// Build this language only; both are checked all the same.
        #[arg(long)]
        lang: Option<Lang>,
    },
}

/// A language of the book, and the name of its folder.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Lang {
    En,
    Ja,
}

impl Lang {
    const ALL: [Self; 2] = [Self::En, Self::Ja];

    fn folder(self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(match self {
            Self::En => "en",
            Self::Ja => "ja",
        })
    }
}

fn main() -> Result<ExitCode> {
    let Command::Build { lang } = Cli::parse().command;
    let faults = gate::faults(&Lang::En.folder(), &Lang::Ja.folder())?;
    for fault in &faults {
        eprintln!("{fault}");
    }
    if !faults.is_empty() {
        eprintln!("the book was not built: {} to repair", faults.len());
        return Ok(ExitCode::FAILURE);
    }
    for lang in Lang::ALL.into_iter().filter(|one| lang.is_none_or(|asked| asked == *one)) {
        println!("{}", build(&lang.folder())?.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds one language; the answer is the page to open first.
fn build(folder: &Path) -> Result<PathBuf> {
    let book = MDBook::load(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    book.build().with_context(|| format!("{} cannot be built", folder.display()))?;
    let first = book.build_dir_for("html").join("index.html");
    first.canonicalize().with_context(|| format!("{} was not made", first.display()))
}
