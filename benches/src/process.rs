//! Measures a process from outside, by its id: CPU time and memory.
//!
//! CPU time is the steadiest figure on a shared machine, if it is read precisely enough. The usual portable source,
//! `/proc/PID/stat` and the libraries that read it, counts in ticks of 10 ms: one per cent of a one-second round. The
//! sum of `/proc/PID/task/*/schedstat` is exact but loses threads that have ended, and servers that hash passwords end
//! threads. Linux keeps a clock for every process (POSIX `clock_getcpuclockid`) that counts nanoseconds of user and
//! system time over all threads, including ended ones, and other processes may read it. This module uses that clock on
//! Linux; elsewhere it uses `sysinfo`'s accumulated time, in milliseconds.

use std::time::Duration;

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// Why a process could not be read or pinned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// The process does not exist, or this process may not read it.
    #[error("process {pid} cannot be read: is it still running?")]
    Unreadable {
        /// The process id.
        pid: u32,
        /// The error that the system reported.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No process has this id.
    #[error("there is no process {pid}")]
    Unknown {
        /// The process id.
        pid: u32,
    },
}

/// User and system CPU time that process `pid` has used since it started, over all its threads, including ended ones.
///
/// Read it before and after a run; the difference is the cost of the run. Child processes are not included.
///
/// # Errors
/// [`ProcessError`] when there is no such process.
#[cfg(target_os = "linux")]
pub fn cpu_time(pid: u32) -> Result<Duration, ProcessError> {
    let unreadable =
        |source: Box<dyn std::error::Error + Send + Sync>| ProcessError::Unreadable { pid, source };
    // Process id 0 would select this process' own clock.
    let raw = i32::try_from(pid).map_err(|error| unreadable(error.into()))?;
    if raw == 0 {
        return Err(ProcessError::Unknown { pid });
    }
    let clock = nix::time::clock_getcpuclockid(nix::unistd::Pid::from_raw(raw))
        .map_err(|error| unreadable(error.into()))?;
    nix::time::clock_gettime(clock).map(Duration::from).map_err(|error| unreadable(error.into()))
}

/// User and system CPU time that process `pid` has used since it started, in steps of a millisecond.
///
/// # Errors
/// [`ProcessError`] when there is no such process.
#[cfg(not(target_os = "linux"))]
pub fn cpu_time(pid: u32) -> Result<Duration, ProcessError> {
    with_process(pid, ProcessRefreshKind::nothing().with_cpu(), |process| {
        Duration::from_millis(process.accumulated_cpu_time())
    })
}

/// CPU time that all processes of this machine have used since it started, without idle time, in steps of 10 ms; `None`
/// where the system does not tell.
#[cfg(target_os = "linux")]
pub fn machine_cpu_time() -> Option<Duration> {
    const TICK: Duration = Duration::from_millis(10);
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    let ticks: Vec<u32> =
        stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().map_while(|n| n.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq; what follows is time of other machines, or counted already.
    let [user, nice, system, _idle, _iowait, irq, softirq, ..] = ticks[..] else { return None };
    [user, nice, system, irq, softirq].into_iter().map(|ticks| TICK.checked_mul(ticks)).sum()
}

/// `None`: only Linux is asked.
#[cfg(not(target_os = "linux"))]
pub fn machine_cpu_time() -> Option<Duration> {
    None
}

/// Resident memory of process `pid`, in bytes.
///
/// # Errors
/// [`ProcessError`] when there is no such process.
pub fn resident_bytes(pid: u32) -> Result<u64, ProcessError> {
    with_process(pid, ProcessRefreshKind::nothing().with_memory(), sysinfo::Process::memory)
}

fn with_process<T>(
    pid: u32,
    what: ProcessRefreshKind,
    read: impl FnOnce(&sysinfo::Process) -> T,
) -> Result<T, ProcessError> {
    let mut system = System::new();
    let key = Pid::from_u32(pid);
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[key]), true, what);
    system.process(key).map(read).ok_or(ProcessError::Unknown { pid })
}

/// The numbers of the processors that this process may run on. They need not begin at 0: a container may have been given
/// the last two of sixteen.
///
/// # Errors
/// [`ProcessError`] when the system cannot pin processes, or does not let this one.
#[cfg(target_os = "linux")]
pub fn own_processors() -> Result<Vec<usize>, ProcessError> {
    use nix::sched::{CpuSet, sched_getaffinity};

    let pid = std::process::id();
    let unreadable = |error: nix::errno::Errno| ProcessError::Unreadable { pid, source: error.into() };
    let set = sched_getaffinity(nix::unistd::Pid::from_raw(0)).map_err(unreadable)?;
    let processors: Vec<usize> =
        (0..CpuSet::count()).filter(|processor| set.is_set(*processor).unwrap_or(false)).collect();
    // Pins this process to the processors that it has already, to find out whether the system allows pinning.
    pin(pid, &processors)?;
    Ok(processors)
}

/// Fails: pinning is implemented for Linux only.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn own_processors() -> Result<Vec<usize>, ProcessError> {
    pin(std::process::id(), &[]).map(|()| Vec::new())
}

/// Restricts all current threads of process `pid` to these processors. Threads that start later inherit the restriction
/// from the thread that starts them.
///
/// # Errors
/// [`ProcessError`] when there is no such process, or none of these processors exists.
#[cfg(target_os = "linux")]
pub fn pin(pid: u32, processors: &[usize]) -> Result<(), ProcessError> {
    use nix::sched::{CpuSet, sched_setaffinity};

    let unreadable =
        |source: Box<dyn std::error::Error + Send + Sync>| ProcessError::Unreadable { pid, source };
    let mut set = CpuSet::new();
    for processor in processors {
        set.set(*processor).map_err(|error| unreadable(error.into()))?;
    }
    // The system call applies to single threads.
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).map_err(|error| unreadable(error.into()))?;
    for thread in threads {
        let name = thread.map_err(|error| unreadable(error.into()))?.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        match sched_setaffinity(nix::unistd::Pid::from_raw(id), &set) {
            // A thread that ended meanwhile needs no pinning.
            Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
            Err(error) => return Err(unreadable(error.into())),
        }
    }
    Ok(())
}

/// Fails: pinning is implemented for Linux only.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn pin(pid: u32, _processors: &[usize]) -> Result<(), ProcessError> {
    let source = "this system pins no process to a processor".into();
    Err(ProcessError::Unreadable { pid, source })
}

/// CPU time that the calling thread has used; `None` where the system has no such clock.
pub(crate) fn this_thread_cpu_time() -> Option<Duration> {
    #[cfg(unix)]
    {
        let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID);
        now.ok().map(Duration::from)
    }
    #[cfg(not(unix))]
    {
        None
    }
}

/// Asks Linux to wake the calling thread exactly on time. By default it delays timers by up to 50 µs to save power.
pub(crate) fn ask_for_precise_timers() {
    #[cfg(target_os = "linux")]
    {
        // If this is refused, the thread is less precise, and the pacing lag shows it.
        nix::sys::prctl::set_timerslack(1).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_works_has_used_the_time_that_its_thread_has() {
        let pid = std::process::id();
        let (before, thread_before) = (cpu_time(pid).unwrap(), this_thread_cpu_time());
        let busy_until = std::time::Instant::now() + Duration::from_millis(50);
        while std::time::Instant::now() < busy_until {
            std::hint::spin_loop();
        }
        let thread_used = thread_before.zip(this_thread_cpu_time()).map(|(before, after)| after - before);
        let used = cpu_time(pid).unwrap() - before;
        // Threads of other tests run at the same time, so the process may have used more than this thread; it cannot
        // have used less, except by one step of the coarser clock.
        assert!(
            used + Duration::from_millis(1) >= thread_used.unwrap_or_default(),
            "{used:?} < {thread_used:?}"
        );
    }

    #[test]
    fn a_process_has_memory_and_one_that_does_not_exist_has_none() {
        assert!(resident_bytes(std::process::id()).unwrap() > 100_000);
        assert!(resident_bytes(u32::MAX).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_processors_of_this_process_are_those_that_it_may_be_pinned_to() {
        let processors = own_processors().unwrap();
        // A CPU quota may allow fewer of them to be busy at once.
        assert!(processors.len() >= std::thread::available_parallelism().unwrap().get(), "{processors:?}");
        pin(std::process::id(), &processors).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pinned_process_runs_on_its_processor_alone_and_nobody_can_be_pinned_to_one_that_is_not_there() {
        use nix::sched::{CpuSet, sched_getaffinity};
        use nix::unistd::Pid;

        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let allowed = |pid: u32| {
            let set = sched_getaffinity(Pid::from_raw(i32::try_from(pid).unwrap())).unwrap();
            (0..CpuSet::count()).filter(|cpu| set.is_set(*cpu).unwrap()).collect::<Vec<_>>()
        };
        let first = allowed(child.id())[0];
        let pinned = pin(child.id(), &[first]);
        let seen = allowed(child.id());
        let refused = pin(child.id(), &[CpuSet::count() + 1]);
        child.kill().unwrap();
        child.wait().unwrap();
        pinned.unwrap();
        assert_eq!(seen, [first]);
        assert!(refused.is_err() && pin(u32::MAX, &[first]).is_err());
    }

    #[test]
    fn a_process_that_does_not_exist_has_no_cpu_time() {
        assert!(cpu_time(0).is_err());
        assert!(cpu_time(u32::MAX).is_err());
        // Linux never assigns a process id this large.
        assert!(cpu_time(2_000_000_000).is_err());
    }
}
