//! What a store holds of one person, in the form in which the page shows it.

use kit::watch::records::MOST_ENTRIES;
use kit::watch::{Entry, Records, Whose};

/// The most characters of one value that are shown.
const MOST_CHARS: usize = 600;

/// Everything that is kept of a person, or why that cannot be seen.
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
