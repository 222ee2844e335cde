//! The contents of a store for one user, in the form in which the page shows them.

use kit::watch::records::MOST_ENTRIES;
use kit::watch::{Entry, Records, Whose};

/// The most characters of one value that are shown.
const MOST_CHARS: usize = 600;

/// All entries that the store has of a user, shortened for the page; or the reason why they cannot be read.
pub(super) async fn of(records: &dyn Records, whose: &Whose) -> Result<Vec<Entry>, String> {
    let mut entries = records.of(whose).await?;
    entries.sort_by(|one, other| one.key.cmp(&other.key));
    entries.truncate(MOST_ENTRIES);
    for entry in &mut entries {
        if let Some((end, _)) = entry.value.char_indices().nth(MOST_CHARS) {
            entry.value.truncate(end);
            entry.value.push('…');
        }
    }
    Ok(entries)
}
