//! The one syntax of lists in environment variables.

/// The entries of a list, without surrounding white space. Commas and line ends separate entries, so a file with one entry
/// per line is a list too; empty entries are skipped.
pub(crate) fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', '\n']).map(str::trim).filter(|entry| !entry.is_empty())
}

#[cfg(test)]
mod tests {
    use super::entries;

    #[test]
    fn commas_and_line_ends_separate_entries_and_spaces_do_not() {
        let read = |text| entries(text).collect::<Vec<_>>();
        assert_eq!(read("a,b"), ["a", "b"]);
        assert_eq!(read("a\nb\n"), ["a", "b"]);
        assert_eq!(read("\r\n a,\r\n\r\n b ,\r\n"), ["a", "b"]);
        assert_eq!(read("a b"), ["a b"]);
        assert!(read(" ,\n").is_empty());
    }
}
