//! Describes the machine that a figure was measured on. Absolute figures mean nothing without it.

use std::process::Command;

use serde::{Deserialize, Serialize};
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

/// The machine and the build, as a report shows them. Values that the system does not report are `unknown`, or 0 for
/// numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's model name.
    pub cpu_model: String,
    /// The number of processors that the system schedules on.
    pub logical_cpus: usize,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// The operating system with its version, such as `Debian GNU/Linux 13`.
    pub os: String,
    /// The kernel's version.
    pub kernel: String,
    /// The processor architecture, such as `x86_64`.
    pub architecture: String,
    /// The compiler that built this, as `rustc --version` prints it.
    pub rustc: String,
    /// `release` or `debug`. Figures of a debug build are figures about the debug build.
    pub build_profile: String,
    /// The memory allocator of the servers that are built here.
    pub allocator: String,
    /// The git revision of the source, with `-dirty` if files changed since; `None` outside a checkout.
    pub git_revision: Option<String>,
    /// The store that the servers used, in words: kind, version, origin, TCP or Unix socket.
    pub store: String,
}

impl Machine {
    /// Describes this machine. `store` is free text. It runs `git` once, which takes some milliseconds.
    pub fn describe(store: impl Into<String>) -> Self {
        let what = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(what);
        let first_cpu = system.cpus().first();
        Self {
            cpu_model: known(first_cpu.map(|cpu| cpu.brand().trim().to_owned())),
            logical_cpus: std::thread::available_parallelism().map_or(0, usize::from),
            memory_bytes: system.total_memory(),
            os: known(System::long_os_version()),
            kernel: known(System::kernel_version()),
            architecture: std::env::consts::ARCH.to_owned(),
            rustc: env!("MEASURE_RUSTC").to_owned(),
            build_profile: env!("MEASURE_PROFILE").to_owned(),
            allocator: "system".to_owned(),
            git_revision: git_revision(),
            store: store.into(),
        }
    }
}

fn known(told: Option<String>) -> String {
    told.filter(|text| !text.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

fn git_revision() -> Option<String> {
    let source = env!("CARGO_MANIFEST_DIR");
    let output =
        Command::new("git").args(["-C", source, "describe", "--always", "--dirty", "--abbrev=12"]).output();
    let output = output.ok().filter(|output| output.status.success())?;
    let revision = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (!revision.is_empty()).then_some(revision)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_tells_what_a_reader_needs_to_repeat_the_run() {
        let machine = Machine::describe("redis 7.0.15 on a Unix socket");
        assert!(machine.logical_cpus > 0);
        assert!(machine.memory_bytes > 0);
        assert!(machine.rustc.starts_with("rustc 1."), "{}", machine.rustc);
        assert!(["debug", "release"].contains(&machine.build_profile.as_str()));
        assert_eq!(machine.store, "redis 7.0.15 on a Unix socket");
    }
}
