//! How much is measured: a full report takes its time, a quick one shows the main results, a smoke test shows that it
//! works.

use std::time::Duration;

use harness::Failure;
use measure::cores::Cores;
use measure::load::{ClosedLoop, FixedRate, Load};
use measure::rounds::{Enough, Plan as Rounds};

use super::arguments::BenchArguments;

/// The number of connections, except where the effect of their number is measured.
pub(crate) const CONNECTIONS: usize = 64;
/// The round trips to Redis that are tried, in ms.
const RTT_MS: [f64; 5] = [0.0, 0.25, 0.5, 1.0, 2.0];
/// The longest round trip that may be asked for, in ms: the networks that this is about are faster.
const LONGEST_RTT_MS: f64 = 100.0;

/// The access token lifetime in the revocation test. A token's times are whole seconds, so a token of two seconds is
/// valid for more than one, which is long enough to use it.
const SHORT_TTL: Duration = Duration::from_secs(2);

/// The rounds of one comparison.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass {
    rounds: usize,
    round: Duration,
    warm_up: Duration,
    /// When fewer rounds are enough.
    enough: Option<Enough>,
}

/// The whole plan.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) ceiling: Pass,
    pub(crate) rates: Pass,
    /// The fixed rates, as shares of the slowest design's ceiling.
    pub(crate) shares: &'static [f64],
    pub(crate) distance: Pass,
    pub(crate) rtt_ms: Vec<f64>,
    pub(crate) crowd: Pass,
    pub(crate) connections: &'static [usize],
    pub(crate) claims: Pass,
    /// The numbers of roles in access tokens beside the usual claims; a lab accepts tokens of 4 KiB at most.
    pub(crate) roles: &'static [usize],
    /// Runs of each design with one and with two processes.
    pub(crate) scale: Pass,
    /// How often a user logs out of each design, and the lifetime of access tokens in this test.
    pub(crate) log_outs: usize,
    pub(crate) access_ttl: Duration,
    pub(crate) refresh: Pass,
    /// Rounds of the peers with our designs; the warm-up lets runtimes compile.
    pub(crate) peers: Pass,
    pub(crate) peers_at_rate: Pass,
    /// Rounds of the peers that exchange refresh tokens, with the hybrid.
    pub(crate) exchange_peers: Pass,
    pub(crate) exchange_peers_at_rate: Pass,
    /// Rounds of the libraries; a round is one library's turn.
    pub(crate) libraries: Pass,
    /// Logins to measure what a session takes in Redis; each costs a password hash.
    pub(crate) log_ins: usize,
    /// The rounds for the targets; `None` when the targets are not measured.
    pub(crate) targets: Option<Effort>,
}

/// How much is measured for the targets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) designs: Pass,
    pub(crate) exchange: Pass,
    pub(crate) generator: Pass,
    /// The number of rounds of the token check, each of about a millisecond.
    pub(crate) token_rounds: usize,
    /// How long requests are sent to the server that is stopped for half a second.
    pub(crate) frozen: Duration,
    /// The number of logins after which a server's memory must be as it was; each costs a password hash.
    pub(crate) log_ins: usize,
}

const fn pass(rounds: usize, round_ms: u64, warm_up_ms: u64) -> Pass {
    Pass {
        rounds,
        round: Duration::from_millis(round_ms),
        warm_up: Duration::from_millis(warm_up_ms),
        enough: None,
    }
}

/// Many short rounds, until each ratio is certain: CPU time to ± 3 % and throughput to ± 5 %. A disturbance of the
/// machine spoils one round of many, and both sides of a ratio are neighbours in time.
const fn until_certain(most: usize, round_ms: u64, warm_up_ms: u64) -> Pass {
    let enough = Enough { least: 20, throughput: 0.05, server_cpu: 0.03 };
    Pass { enough: Some(enough), ..pass(most, round_ms, warm_up_ms) }
}

impl Plan {
    /// The plan that the arguments ask for.
    pub(crate) fn of(arguments: &BenchArguments) -> Result<Self, Failure> {
        let (mut plan, effort) = match (arguments.smoke, arguments.quick) {
            (true, _) => (Self::smoke(), Self::SMOKE_EFFORT),
            (_, true) => (Self::quick(), Self::QUICK_EFFORT),
            _ => (Self::full(), Self::FULL_EFFORT),
        };
        if arguments.targets {
            plan = plan.only_targets(effort);
        }
        if let Some(rtt_ms) = &arguments.rtt {
            if let Some(wrong) = rtt_ms.iter().find(|ms| !(0.0..=LONGEST_RTT_MS).contains(*ms)) {
                return Err(Failure::new(format!(
                    "--rtt {wrong}: a round trip is 0 to {LONGEST_RTT_MS} ms, as in --rtt 0,0.5,2"
                )));
            }
            plan.rtt_ms = rtt_ms.clone();
        }
        Ok(plan)
    }

    const FULL_EFFORT: Effort = Effort {
        designs: until_certain(60, 300, 1_000),
        exchange: pass(24, 300, 1_000),
        generator: pass(5, 2_000, 0),
        token_rounds: 2_000,
        frozen: Duration::from_secs(8),
        log_ins: 1_000,
    };
    const QUICK_EFFORT: Effort = Effort {
        designs: pass(20, 150, 250),
        exchange: pass(8, 200, 400),
        generator: pass(3, 1_000, 0),
        token_rounds: 500,
        frozen: Duration::from_secs(3),
        log_ins: 100,
    };
    const SMOKE_EFFORT: Effort = Effort {
        designs: pass(2, 100, 0),
        exchange: pass(1, 100, 100),
        generator: pass(1, 100, 0),
        token_rounds: 20,
        frozen: Duration::from_secs(2),
        log_ins: 4,
    };

    /// The same plan, reduced to the targets.
    fn only_targets(self, effort: Effort) -> Self {
        let none = pass(0, 0, 0);
        Self {
            name: match self.name {
                "quick" => "targets, quick",
                "smoke" => "targets, smoke",
                _ => "targets",
            },
            ceiling: none,
            shares: &[],
            rtt_ms: Vec::new(),
            connections: &[],
            roles: &[],
            scale: none,
            log_outs: 0,
            refresh: none,
            targets: Some(effort),
            ..self
        }
    }

    fn full() -> Self {
        Self {
            name: "full",
            ceiling: until_certain(60, 300, 1_000),
            rates: pass(5, 2_000, 500),
            shares: &[0.1, 0.3, 0.5, 0.7, 0.9],
            distance: pass(5, 1_500, 500),
            rtt_ms: RTT_MS.to_vec(),
            crowd: pass(5, 1_000, 300),
            connections: &[1, 8, 64, 256],
            claims: pass(5, 1_000, 300),
            roles: &[0, 16, 64, 160],
            scale: pass(5, 1_500, 0),
            log_outs: 5,
            access_ttl: SHORT_TTL,
            refresh: pass(5, 1_500, 500),
            peers: pass(7, 1_500, 2_000),
            peers_at_rate: pass(5, 1_500, 500),
            exchange_peers: pass(20, 400, 2_000),
            exchange_peers_at_rate: pass(12, 1_000, 0),
            libraries: pass(9, 200, 200),
            log_ins: 20,
            targets: Some(Self::FULL_EFFORT),
        }
    }

    fn quick() -> Self {
        Self {
            name: "quick",
            ceiling: pass(10, 150, 200),
            rates: pass(1, 500, 100),
            shares: &[0.3, 0.7],
            distance: pass(1, 500, 100),
            rtt_ms: vec![0.0, 0.5, 2.0],
            crowd: pass(1, 400, 50),
            connections: &[1, 64],
            claims: pass(2, 300, 50),
            roles: &[0, 160],
            scale: pass(2, 400, 0),
            log_outs: 1,
            access_ttl: SHORT_TTL,
            refresh: pass(3, 400, 100),
            peers: pass(3, 400, 800),
            peers_at_rate: pass(3, 400, 100),
            exchange_peers: pass(6, 250, 800),
            exchange_peers_at_rate: pass(6, 400, 0),
            libraries: pass(5, 50, 50),
            log_ins: 8,
            targets: None,
        }
    }

    fn smoke() -> Self {
        let least = pass(1, 100, 0);
        Self {
            name: "smoke",
            ceiling: pass(2, 100, 50),
            rates: least,
            shares: &[0.3],
            distance: least,
            rtt_ms: vec![0.0, 2.0],
            crowd: least,
            connections: &[1, 8],
            claims: least,
            roles: &[160],
            scale: least,
            log_outs: 1,
            access_ttl: SHORT_TTL,
            refresh: least,
            peers: pass(2, 100, 100),
            peers_at_rate: least,
            exchange_peers: least,
            exchange_peers_at_rate: least,
            libraries: pass(1, 10, 10),
            log_ins: 2,
            targets: Some(Self::SMOKE_EFFORT),
        }
    }
}

impl Pass {
    /// Rounds of a closed loop, which measures the highest throughput.
    pub(crate) fn closed(&self, connections: usize) -> Rounds {
        self.under(Load::Closed(ClosedLoop::new(connections, self.round)))
    }

    /// Rounds at a fixed arrival rate.
    pub(crate) fn at_rate(&self, rate_rps: f64) -> Rounds {
        self.under(Load::Fixed(FixedRate::new(rate_rps, CONNECTIONS, self.round)))
    }

    /// The number of rounds, for work that is not a comparison.
    pub(crate) fn rounds(&self) -> usize {
        self.rounds
    }

    /// The length of a round, for work that is not a comparison.
    pub(crate) fn round(&self) -> Duration {
        self.round
    }

    /// How long a server is warmed up, for work that is not a comparison.
    pub(crate) fn warm_up(&self) -> Duration {
        self.warm_up
    }

    fn under(&self, load: Load) -> Rounds {
        Rounds {
            load,
            rounds: self.rounds,
            enough: self.enough,
            warm_up: self.warm_up,
            keep_histograms: false,
            cores: Cores::apart(),
        }
    }

    /// The planned duration for `designs` designs.
    pub(crate) fn duration(&self, designs: usize) -> Duration {
        (self.warm_up + self.round * self.rounds as u32) * designs as u32
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: BenchArguments,
    }

    fn planned(line: &str) -> Result<Plan, Failure> {
        Plan::of(&Line::try_parse_from(line.split(' ')).unwrap().arguments)
    }

    #[test]
    fn a_round_trip_that_is_none_is_refused_in_a_sentence() {
        assert_eq!(planned("bench --rtt 0,3").unwrap().rtt_ms, [0.0, 3.0]);
        let sentence = planned("bench --rtt 0,3000").unwrap_err().to_string();
        assert_eq!(sentence, "--rtt 3000: a round trip is 0 to 100 ms, as in --rtt 0,0.5,2");
        assert!(planned("bench --rtt NaN").is_err());
    }
}
