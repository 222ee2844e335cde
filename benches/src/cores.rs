//! Which processors the servers and the load generator run on while they are measured.
//!
//! Where the system moves threads from one processor to another, server and generator wait for each other at different
//! moments in each round. Each on processors of its own gives ratios that vary about half as much.

use serde::{Deserialize, Serialize};

use crate::process;

/// The processors of a measurement, by their numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cores {
    /// Those of the servers.
    pub servers: Vec<usize>,
    /// Those of the load generator and of the store.
    pub generator: Vec<usize>,
}

/// Processes that are pinned. When this is dropped, they may run on all processors again.
#[derive(Debug)]
pub struct Pinned {
    pids: Vec<u32>,
    all: Vec<usize>,
}

impl Cores {
    /// One half of the processors for the servers and the other for everything else; `None` if there is only one, or if
    /// this system does not let a process choose.
    pub fn apart() -> Option<Self> {
        let processors = process::own_processors().ok()?;
        // A CPU quota may allow less time than there are processors.
        let busy = std::thread::available_parallelism().map_or(1, usize::from).min(processors.len());
        Self::halves(&processors[..busy])
    }

    fn halves(processors: &[usize]) -> Option<Self> {
        let (generator, servers) = processors.split_at(processors.len() / 2);
        let cores = Self { servers: servers.to_vec(), generator: generator.to_vec() };
        (!generator.is_empty()).then_some(cores)
    }

    /// Pins these servers, this process and these stores. A process that cannot be pinned, for example because it runs
    /// elsewhere, stays where it is.
    pub fn pin(
        &self,
        servers: impl IntoIterator<Item = u32>,
        stores: impl IntoIterator<Item = u32>,
    ) -> Pinned {
        let all = [&self.generator[..], &self.servers].concat();
        let mut pids = Vec::new();
        let others: Vec<u32> = stores.into_iter().chain([std::process::id()]).collect();
        let servers: Vec<u32> = servers.into_iter().collect();
        for (processes, processors) in [(servers, &self.servers), (others, &self.generator)] {
            pids.extend(processes.into_iter().filter(|pid| process::pin(*pid, processors).is_ok()));
        }
        Pinned { pids, all }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        for pid in &self.pids {
            // A server that has ended needs no processor.
            process::pin(*pid, &self.all).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_processors_are_for_the_servers_and_a_single_one_is_shared() {
        let halves = |processors: &[usize]| Cores::halves(processors).map(|it| (it.generator, it.servers));
        assert_eq!(halves(&[14, 15]), Some((vec![14], vec![15])));
        assert_eq!(halves(&[0, 1, 2]), Some((vec![0], vec![1, 2])));
        assert_eq!(halves(&[3]), None);
    }
}
