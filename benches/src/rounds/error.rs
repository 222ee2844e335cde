//! Why designs could not be compared.

use super::store::CounterError;
use crate::load::LoadError;
use crate::process::ProcessError;

/// Why designs could not be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// The list of designs is empty, a name occurs twice, or the number of rounds is out of bounds.
    #[error("these designs cannot be compared: {0}")]
    Plan(&'static str),
    /// A design could not be put under load.
    #[error("design `{design}`: {source}")]
    Load {
        /// The name of the design.
        design: String,
        /// The reason for the failure.
        source: LoadError,
    },
    /// The CPU time of a design's server or store could not be read.
    #[error("design `{design}`: {source}")]
    Process {
        /// The name of the design.
        design: String,
        /// The reason for the failure.
        source: ProcessError,
    },
    /// The round trips of a design's store could not be counted.
    #[error("design `{design}`: its store's round trips could not be counted")]
    Counter {
        /// The name of the design.
        design: String,
        /// The reason for the failure.
        source: CounterError,
    },
}
