//! How long the whole measurement takes: the sum of what its parts plan.

use std::time::Duration;

use kit::design::Part;

use super::arguments::BenchArguments;
use super::entry::{measured_in, names};
use super::peers::{self, Chosen};
use super::plan::{Pass, Plan};
use super::{revocation, scale, targets};

/// The planned duration of all that the arguments ask for.
pub(crate) fn duration(plan: &Plan, arguments: &BenchArguments, peers: &Chosen) -> Duration {
    let asked = if arguments.designs.is_empty() { names().len() } else { arguments.designs.len() };
    let designs = asked + arguments.url.len();
    let exchangers = peers.servers.iter().filter(|peer| peer.work.is_an_exchange()).count();
    let with = |peers: usize, ours: usize| if peers == 0 { 0 } else { peers + ours };
    let beside_peers = with(peers.servers.len() - exchangers, peers::OURS);
    let beside_exchangers = with(exchangers, 1);
    let libraries = if peers.libraries { peers::libraries::WORKS } else { 0 };
    let of = |pass: Pass, designs: usize, times: usize| pass.duration(designs) * times as u32;
    // The control and the server that does nothing take part.
    of(plan.ceiling, designs + 2, 1)
        + of(plan.rates, designs, plan.shares.len())
        + of(plan.distance, measured_in(Part::Distance).len(), plan.rtt_ms.len())
        + of(plan.crowd, measured_in(Part::Crowd).len(), plan.connections.len())
        + of(plan.refresh, 1, 1)
        + of(plan.peers, beside_peers, 1)
        + of(plan.peers_at_rate, beside_peers, 1)
        + of(plan.exchange_peers, beside_exchangers, 1)
        + of(plan.exchange_peers_at_rate, beside_exchangers, 1)
        + of(plan.libraries, libraries, 1)
        + of(plan.claims, measured_in(Part::Claims).len(), plan.roles.len())
        + scale::duration(plan)
        + revocation::duration(plan)
        + targets::duration(plan)
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

    fn planned(line: &str) -> Duration {
        let arguments = Line::try_parse_from(line.split(' ')).unwrap().arguments;
        let peers = peers::chosen(arguments.peers.as_deref()).unwrap();
        duration(&Plan::of(&arguments).unwrap(), &arguments, &peers)
    }

    #[test]
    fn a_plan_keeps_the_time_that_its_help_promises() {
        let seconds = |line: &str| planned(line).as_secs();
        // Servers need time to start, and a busy machine is slower than the plan.
        assert!(seconds("bench --quick") <= 45, "{}", seconds("bench --quick"));
        assert!(seconds("bench") <= 17 * 60, "{}", seconds("bench"));
        assert!(seconds("bench --targets") <= 4 * 60, "{}", seconds("bench --targets"));
        assert!(seconds("bench --targets --quick") <= 45);
        assert!(seconds("bench --smoke") <= 15, "{}", seconds("bench --smoke"));
    }

    #[test]
    fn peers_take_the_time_that_the_help_says_when_they_are_asked_for_and_none_otherwise() {
        let added = |plan: &str, peers: &str| {
            planned(&format!("bench{plan} {peers}")) - planned(&format!("bench{plan}"))
        };
        // Each server: the warm-up, and then the rounds of both passes. One peer is measured beside the hybrid, two too.
        let each = Duration::from_millis(2_000 + 20 * 400 + 12 * 1_000);
        assert_eq!(added("", "--peers=oidc-provider"), each * 2);
        assert_eq!(added("", "--peers=oidc-provider,express-refresh"), each * 3);
        let each = Duration::from_millis(800 + 6 * 250 + 6 * 400);
        assert_eq!(added(" --quick", "--peers=oidc-provider,express-refresh"), each * 3);
        assert!(added("", "--peers").as_secs() <= 5 * 60, "{:?}", added("", "--peers"));
        assert!(added(" --quick", "--peers").as_secs() <= 50, "{:?}", added(" --quick", "--peers"));
    }
}
