//! Every text that the builder writes into a page, in one table for each language.

mod english;
mod japanese;

use maud::Markup;

use crate::lang::Text;

/// The two tables.
pub(crate) const WORDS: Text<Words> = Text { en: english::WORDS, ja: japanese::WORDS };

/// The texts in one language. A text with values in it is a function.
pub(crate) struct Words {
    /// The name of the language's folder, which is also its tag in HTML (BCP 47).
    pub(crate) folder: &'static str,
    /// The name of the language, in itself.
    pub(crate) name: &'static str,
    // The table of the designs
    pub(crate) designs_header: [&'static str; 4],
    pub(crate) yes: &'static str,
    pub(crate) no: &'static str,
    pub(crate) always: &'static str,
    pub(crate) refused_at_once: &'static str,
    pub(crate) yes_with_access_token: &'static str,
    pub(crate) until_expiry: &'static str,
    pub(crate) nothing_to_renew: &'static str,
    pub(crate) refresh_token_refused: &'static str,
    // Every chart and its table
    pub(crate) design: &'static str,
    pub(crate) at_once: &'static str,
    pub(crate) same_figures_below: &'static str,
    pub(crate) doubted: &'static str,
    pub(crate) not_measured: &'static str,
    /// A sentence that says where and when a report was measured.
    pub(crate) measured: fn(date: &str, machine: &str, store: &str, plan: &str) -> Markup,
    pub(crate) seconds: &'static str,
    pub(crate) minutes: &'static str,
    pub(crate) hours: &'static str,
    // The charts
    pub(crate) cost: ChartWords,
    pub(crate) frontier: ChartWords,
    pub(crate) distance: ChartWords,
    pub(crate) latency: ChartWords,
    pub(crate) weight: ChartWords,
    pub(crate) peers: ChartWords,
    pub(crate) libraries: ChartWords,
    pub(crate) exchanges: ChartWords,
}

/// The texts of one chart and its table.
pub(crate) struct ChartWords {
    /// The title of the chart.
    pub(crate) title: &'static str,
    /// The labels of the x axis and the y axis; for a bar chart, of the parts of a bar.
    pub(crate) axes: [&'static str; 2],
    /// The headings of the table's columns, except the column of the design.
    pub(crate) columns: &'static [&'static str],
}
