//! The section on the machine: figures are valid only there.

use super::section::Section;
use crate::report::table::Table;
use crate::report::{Report, number};

pub(super) fn section(report: &Report) -> Section {
    let machine = &report.machine;
    let mut table = Table::new(["what", "here"]);
    table.row(["processor", &format!("{} × {}", machine.logical_cpus, machine.cpu_model)]);
    table.row(["memory", &number::bytes(machine.memory_bytes as f64)]);
    table.row(["system", &format!("{}, kernel {}, {}", machine.os, machine.kernel, machine.architecture)]);
    table.row(["store", &machine.store]);
    table.row([
        "compiler",
        &format!("{}, {} build, {} allocator", machine.rustc, machine.build_profile, machine.allocator),
    ]);
    table.row(["source", machine.git_revision.as_deref().unwrap_or("outside a checkout")]);
    Section {
        id: "machine",
        title: "Where it was made".into(),
        table,
        notes: vec!["Compare ratios, not figures, with a report from another machine.".into()],
        ..Section::default()
    }
}
