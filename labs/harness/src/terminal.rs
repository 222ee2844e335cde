//! Output on a terminal: colours on a terminal only, progress on stderr, results on stdout.

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The colour of a good result.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// The colour of a bad result.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// The colour of text that a reader can skip.
pub const DIM: Style = AnsiColor::BrightBlack.on_default();
/// The style of headings.
pub const TITLE: Style = Style::new().bold();

/// The table style: one line under the header, none between rows, because the rows are short and few.
const TABLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Prints an error as one sentence on stderr.
pub fn complain(sentence: &str) {
    crate::errln!("{BAD}error:{BAD:#} {sentence}");
}

/// Prints a note as one sentence on stderr.
pub fn warn(sentence: &str) {
    let style = AnsiColor::Yellow.on_default().bold();
    crate::errln!("{style}note:{style:#} {sentence}");
}

/// Whether stdout shows colours.
pub fn stdout_has_colour() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}

/// Prints a heading on stdout.
pub fn heading(text: &str) {
    crate::outln!("\n{TITLE}{text}{TITLE:#}");
}

/// Prints a sentence on stdout, wrapped for a terminal of 80 columns.
pub fn sentence(text: &str, style: Style) {
    let options = textwrap::Options::new(80).initial_indent(" ").subsequent_indent("   ");
    for line in textwrap::wrap(text, options) {
        crate::outln!("{style}{line}{style:#}");
    }
}

/// A table without colours. The columns from index `right_from` on are right-aligned.
pub fn table(header: &[&str], right_from: usize, rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(TABLE).set_header(header.to_vec());
    for row in rows {
        table.add_row(row);
    }
    for index in right_from..header.len() {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| format!(" {}\n", line.trim_end())).collect()
}

/// Colours words in finished text. Done after the layout, so that widths are those of the words alone.
pub fn paint(text: &str, words: &[(&str, Style)]) -> String {
    words
        .iter()
        .fold(text.to_owned(), |text, (word, style)| text.replace(word, &format!("{style}{word}{style:#}")))
}

/// Whether the terminal can move its cursor, so that a screen can be redrawn. A terminal cannot if `TERM` is `dumb`, as in
/// an editor's shell, or unset, which counts as dumb for git and for the libraries that colour text, too; Windows sets
/// no `TERM`.
pub fn moves_cursor() -> bool {
    can_move_cursor(std::env::var_os("TERM").as_deref())
}

fn can_move_cursor(term: Option<&OsStr>) -> bool {
    match term {
        Some(term) => !term.is_empty() && term != "dumb",
        None => cfg!(windows),
    }
}

/// The progress of long work: a bar on a terminal that moves its cursor, otherwise a line for each stage.
pub struct Progress {
    bar: ProgressBar,
    is_drawn: bool,
}

impl Progress {
    /// Starts a progress of this many steps.
    pub fn new(steps: u64) -> Self {
        let is_drawn = std::io::stderr().is_terminal() && moves_cursor();
        let target = if is_drawn { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(steps), target);
        if let Ok(style) = ProgressStyle::with_template(" {bar:24.cyan/black} {elapsed:>3}  {wide_msg}") {
            bar.set_style(style.progress_chars("━━╌"));
        }
        if is_drawn {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self { bar, is_drawn }
    }

    /// Shows what is being done now.
    pub fn stage(&self, text: impl Into<String>) {
        let text = text.into();
        if !self.is_drawn {
            crate::errln!("  … {text}");
        }
        self.bar.set_message(text);
    }

    /// Shows a detail of the current stage, on the bar only.
    pub fn detail(&self, text: impl Into<String>) {
        self.bar.set_message(text.into());
    }

    /// Marks one step as done.
    pub fn step(&self) {
        self.advance(1);
    }

    /// Marks several steps as done.
    pub fn advance(&self, steps: u64) {
        self.bar.inc(steps);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_keeps_its_columns_apart_and_ends_no_line_in_blanks() {
        let text =
            table(&["design", "n"], 1, vec![vec!["a".into(), "1".into()], vec!["bb".into(), "22".into()]]);
        assert!(text.lines().all(|line| line == line.trim_end()));
        assert!(text.contains("  bb       22\n"), "{text}");
    }

    #[test]
    fn a_terminal_that_is_dumb_or_unknown_is_not_redrawn_and_another_one_is() {
        for term in ["xterm-256color", "linux", "screen"] {
            assert!(can_move_cursor(Some(OsStr::new(term))), "{term}");
        }
        for term in [Some("dumb"), Some("")] {
            assert!(!can_move_cursor(term.map(OsStr::new)), "{term:?}");
        }
        assert_eq!(can_move_cursor(None), cfg!(windows));
    }

    #[test]
    fn paint_changes_colours_and_no_letters() {
        let painted = paint("in or out", &[("out", BAD)]);
        assert_eq!(anstream::adapter::strip_str(&painted).to_string(), "in or out");
        assert_ne!(painted, "in or out");
    }
}
