//! The section on the size of a design, counted without load: bytes on the wire, in Redis, and in memory.

use super::section::{Section, or_none};
use crate::report::table::Table;
use crate::report::{Report, number};

pub(super) fn section(report: &Report) -> Option<Section> {
    report.subjects.first()?;
    let mut table = Table::new([
        "design",
        "credential header",
        "Redis commands a request",
        "bytes to Redis",
        "bytes from Redis",
        "stored a session",
        "server memory",
    ]);
    for subject in &report.subjects {
        let store = subject.store_per_request;
        table.row([
            subject.name.clone(),
            or_none(subject.credential_bytes, |bytes| number::bytes(bytes as f64)),
            or_none(store, |store| number::short(store.commands)),
            or_none(store, |store| number::bytes(store.bytes_in)),
            or_none(store, |store| number::bytes(store.bytes_out)),
            or_none(subject.stored_bytes_per_session, number::bytes),
            or_none(subject.resident_bytes, |bytes| number::bytes(bytes as f64)),
        ]);
    }
    let notes = report.subjects.iter().map(|subject| format!("{}: {}", subject.name, subject.what));
    Some(Section {
        id: "weight",
        title: "What a design weighs".into(),
        table,
        notes: notes.collect(),
        ..Section::default()
    })
}
