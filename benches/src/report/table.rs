//! Rows of text under a header: what every figure of the report can be read from, chart or not.

/// A table. The first column names the row; the others hold figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// One word or two for each column, with the unit.
    pub header: Vec<String>,
    /// As many cells each as the header has. A figure that was not measured is a dash.
    pub rows: Vec<Vec<String>>,
}

/// Stands for a figure that there is none of.
pub const NONE: &str = "–";

/// Stands beside a figure that is doubted.
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
