//! Reasons not to believe a figure as it stands. A result that cannot doubt itself is an advertisement.

use std::fmt;

use serde::{Deserialize, Serialize};

const GENERATOR_CEILING: f64 = 0.90;
/// The least number of cores for generator and server not to share any: one for the generator's thread, one for its
/// pacing thread, and two for the server.
const CORES_APART: usize = 4;

/// A reason to doubt a figure, with the number that raised it. `Display` says what to do about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "doubt", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Doubt {
    /// Some requests did not get the expected response.
    Errors {
        /// The number of errors over all rounds.
        count: u64,
    },
    /// The server closed more than one connection in a hundred responses, and the generator opened others.
    Reconnects {
        /// Connections that were opened again, for each response.
        share: f64,
    },
    /// Throughput × latency is more than 5 % off the number of connections: the connections were idle for part of the
    /// time.
    LittlesLaw {
        /// How far off, as a share (0.06 is 6 %).
        off: f64,
    },
    /// The server reached less than 99 % of the asked rate: the load was beyond its ceiling.
    BelowAskedRate {
        /// The achieved rate as a share of the asked one.
        achieved: f64,
    },
    /// The generator's busiest thread was on a core for more than 80 % of the time: the generator may be what was
    /// measured.
    GeneratorBusy {
        /// The share of the time, from 0 to 1.
        share: f64,
    },
    /// The 95 % confidence interval of the throughput is wider than ± 5 %: of its ratio to the baseline's, if there is one.
    Uncertain {
        /// Half the width of the interval, as a share of the median.
        uncertainty: f64,
    },
    /// The throughput of the rounds differs by more than 15 %. Only older reports have this doubt.
    Spread {
        /// The difference between the largest and the smallest, as a share of the median.
        spread: f64,
    },
    /// Throughput is within 10 % of what the generator reaches against a server that does nothing.
    NearGeneratorCeiling {
        /// The throughput as a share of the generator's ceiling.
        share: f64,
    },
    /// Other processes used more than 5 % of the processors' time in most rounds.
    Disturbed {
        /// Their share, as a median over the rounds.
        share: f64,
    },
    /// Generator and server had to share cores.
    SharedCores {
        /// The number of cores of this machine.
        cores: usize,
    },
}

impl Doubt {
    /// The number that raised the doubt. It serves to find the worst of several doubts of one kind.
    pub fn size(&self) -> f64 {
        match self {
            Self::Errors { count } => *count as f64,
            Self::Reconnects { share } => *share,
            Self::LittlesLaw { off } => *off,
            Self::BelowAskedRate { achieved } => 1.0 - achieved,
            Self::GeneratorBusy { share } => *share,
            Self::Uncertain { uncertainty } => *uncertainty,
            Self::Spread { spread } => *spread,
            Self::NearGeneratorCeiling { share } => *share,
            Self::Disturbed { share } => *share,
            Self::SharedCores { cores } => 1.0 / *cores as f64,
        }
    }

    /// The kind of the doubt, as the tag in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Errors { .. } => "errors",
            Self::Reconnects { .. } => "reconnects",
            Self::LittlesLaw { .. } => "littles_law",
            Self::BelowAskedRate { .. } => "below_asked_rate",
            Self::GeneratorBusy { .. } => "generator_busy",
            Self::Uncertain { .. } => "uncertain",
            Self::Spread { .. } => "spread",
            Self::NearGeneratorCeiling { .. } => "near_generator_ceiling",
            Self::Disturbed { .. } => "disturbed",
            Self::SharedCores { .. } => "shared_cores",
        }
    }

    /// The doubt about a closed loop's throughput that is close to `ceiling_rps`, the requests per second that the
    /// generator reaches against a server that does nothing.
    pub fn about_generator(throughput_rps: f64, ceiling_rps: f64) -> Option<Self> {
        let share = if ceiling_rps > 0.0 { throughput_rps / ceiling_rps } else { 0.0 };
        (share > GENERATOR_CEILING).then_some(Self::NearGeneratorCeiling { share })
    }

    /// The doubt about any comparison on a machine with this many cores.
    pub fn about_cores(cores: usize) -> Option<Self> {
        (cores < CORES_APART).then_some(Self::SharedCores { cores })
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| share * 100.0;
        match self {
            Self::Errors { count } => {
                write!(f, "{count} requests did not get the expected answer: see what the servers answered")
            }
            Self::Reconnects { share } => write!(
                f,
                "the server closed a connection after {:.0} in a hundred answers: the throughput includes opening new \
                 ones, let it keep connections open",
                percent(*share)
            ),
            Self::LittlesLaw { off } => write!(
                f,
                "throughput x latency is {:.0} % off the number of connections: some connections were idle, use fewer",
                percent(*off)
            ),
            Self::BelowAskedRate { achieved } => write!(
                f,
                "only {:.1} % of the asked rate was achieved: the server was overloaded, use a lower rate",
                percent(*achieved)
            ),
            Self::GeneratorBusy { share } => write!(
                f,
                "the load generator used {:.0} % of its core: the throughput may be limited by the generator and not \
                 by the server, trust the server's CPU time",
                percent(*share)
            ),
            Self::Uncertain { uncertainty } => write!(
                f,
                "the throughput, compared with the others, is known to ± {:.0} % only: another program may use this machine, or the rounds were too \
                 few; repeat when it is idle",
                percent(*uncertainty)
            ),
            Self::Spread { spread } => write!(
                f,
                "the rounds differ by {:.0} %: another program uses this machine, repeat when it is idle",
                percent(*spread)
            ),
            Self::NearGeneratorCeiling { share } => write!(
                f,
                "{:.0} % of what the load generator reaches against a server that does nothing: the server's own \
                 ceiling may be higher, trust its CPU time",
                percent(*share)
            ),
            Self::Disturbed { share } => write!(
                f,
                "other programs used {:.0} % of this machine's processors: close them and repeat",
                percent(*share)
            ),
            Self::SharedCores { cores } => write!(
                f,
                "generator and servers share {cores} cores: trust ratios and CPU time, not absolute throughput"
            ),
        }
    }
}
