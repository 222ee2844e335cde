//! A table of text under a header: every figure of the report is in one, whether it has a chart or not.

/// A table. The first column names the row; the others contain figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// The column headings: one or two words each, with the unit.
    pub header: Vec<String>,
    /// The rows, each with as many cells as the header. A figure that was not measured is a dash.
    pub rows: Vec<Vec<String>>,
}

/// Written in place of a figure that was not measured.
pub const NONE: &str = "–";

/// Written after a figure that is doubted.
pub const DOUBTED: &str = " ?";

impl Table {
    /// An empty table with these columns.
    pub fn new(header: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { header: header.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }
}
