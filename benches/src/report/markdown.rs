//! The report as Markdown: for a terminal, a pull request, or a diff of two reports.

use std::fmt::Write;

use super::Report;
use super::sections::{self, Section};
use super::table::Table;

/// The whole report as Markdown.
pub fn write(report: &Report) -> String {
    let mut text = format!("# {}\n\n", sections::TITLE);
    for line in sections::preface(report) {
        put(&mut text, &format!("{}\n\n", plain(&line)));
    }
    for Section { title, says, table, notes, .. } in sections::all(report) {
        put(&mut text, &format!("## {title}\n\n"));
        says.iter().for_each(|line| put(&mut text, &format!("{}\n\n", plain(line))));
        put(&mut text, &rows(&table));
        notes.iter().for_each(|line| put(&mut text, &format!("\n> {}\n", plain(line))));
        text.push('\n');
    }
    text
}

/// Text in which nothing is markup: the names and descriptions of servers come from outside, and a page that shows the
/// report must show them as they are.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\\' | '|' | '`' | '<') {
            plain.push('\\');
        }
        plain.push(character);
    }
    plain
}

fn put(text: &mut String, more: &str) {
    // Writing to a String cannot fail.
    let _ = text.write_str(more);
}

fn rows(table: &Table) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text = line(&table.header);
    let rule = (0..table.header.len()).map(|column| if column == 0 { "---" } else { "---:" });
    put(&mut text, &format!("|{}|\n", rule.collect::<Vec<_>>().join("|")));
    table.rows.iter().for_each(|row| put(&mut text, &line(row)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_outside_is_no_markup_and_ends_no_cell() {
        assert_eq!(plain("http://h/a|b?c=`d`<img>\\"), "http://h/a\\|b?c=\\`d\\`\\<img>\\\\");
        assert_eq!(plain("session-redis, 1.5 µs ±3 %"), "session-redis, 1.5 µs ±3 %");
    }
}
