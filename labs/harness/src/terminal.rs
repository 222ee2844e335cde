//! What a person sees: colours on a terminal only, progress on stderr, results on stdout.

use std::io::IsTerminal;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The colour of what is as it should be.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// The colour of what is not.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// The colour of what can be skipped.
pub const DIM: Style = AnsiColor::BrightBlack.on_default();
/// How headings are set.
pub const TITLE: Style = Style::new().bold();

/// One line under the header, none between rows: the rows are short and few.
const TABLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// One sentence on stderr: why it could not be done.
pub fn complain(sentence: &str) {
    anstream::eprintln!("{BAD}error:{BAD:#} {sentence}");
}

/// One sentence on stderr: what a person should know.
pub fn warn(sentence: &str) {
    let style = AnsiColor::Yellow.on_default().bold();
    anstream::eprintln!("{style}note:{style:#} {sentence}");
}

/// Whether stdout shows colours.
pub fn stdout_has_colour() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}

/// A heading on stdout.
pub fn heading(text: &str) {
    anstream::println!("\n{TITLE}{text}{TITLE:#}");
}

/// A sentence on stdout, broken at words to fit a terminal of 80 columns.
pub fn sentence(text: &str, style: Style) {
    let options = textwrap::Options::new(80).initial_indent(" ").subsequent_indent("   ");
    for line in textwrap::wrap(text, options) {
        anstream::println!("{style}{line}{style:#}");
    }
}

/// A table without colours; its first column is a name, the others are right-aligned from `right_from` on.
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

/// Colours words in finished text: done after the layout, so that widths are those of the words alone.
pub fn paint(text: &str, words: &[(&str, Style)]) -> String {
    words
        .iter()
        .fold(text.to_owned(), |text, (word, style)| text.replace(word, &format!("{style}{word}{style:#}")))
}

/// Progress of long work: a bar on a terminal, a line for each stage elsewhere.
pub struct Progress {
    bar: ProgressBar,
    on_terminal: bool,
}

impl Progress {
    /// Progress over this many steps.
    pub fn new(steps: u64) -> Self {
        let on_terminal = std::io::stderr().is_terminal();
        let target = if on_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(steps), target);
        if let Ok(style) = ProgressStyle::with_template(" {bar:24.cyan/black} {elapsed:>3}  {wide_msg}") {
            bar.set_style(style.progress_chars("━━╌"));
        }
        if on_terminal {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self { bar, on_terminal }
    }

    /// What is being done now.
    pub fn stage(&self, text: impl Into<String>) {
        let text = text.into();
        if !self.on_terminal {
            eprintln!("  … {text}");
        }
        self.bar.set_message(text);
    }

    /// More of the same stage: shown on the bar alone.
    pub fn detail(&self, text: impl Into<String>) {
        self.bar.set_message(text.into());
    }

    /// One step is done.
    pub fn step(&self) {
        self.advance(1);
    }

    /// Several steps are done.
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
    fn paint_changes_colours_and_no_letters() {
        let painted = paint("in or out", &[("out", BAD)]);
        assert_eq!(anstream::adapter::strip_str(&painted).to_string(), "in or out");
        assert_ne!(painted, "in or out");
    }
}
