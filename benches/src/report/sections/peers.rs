//! The section that compares our servers with other stacks: the cost of the same response.

use super::section::{Section, cpu_chart, or_none, question_mark, rows_without_figures, with_uncertainty};
use crate::figures::DesignFigures;
use crate::report::peers::{MOST_CPU, Peer, Peers, Share};
use crate::report::table::{NONE, Table};
use crate::report::{Report, connections, number, rate_rps};

pub(super) fn section(report: &Report) -> Option<Section> {
    let peers = report.peers.as_ref()?;
    let ceiling = peers.ceiling.as_ref()?;
    let p99 = match &peers.at_rate {
        Some(at_rate) => format!("p99 µs at {}/s", number::thousands(rate_rps(at_rate))),
        None => "p99 µs".to_owned(),
    };
    let mut table = Table::new([
        "server",
        "requests/s",
        "server CPU µs",
        "Redis CPU µs",
        "Redis commands",
        &p99,
        "ours takes of its CPU",
        "ours takes of its p99",
    ]);
    ceiling.designs.iter().for_each(|figures| table.row(row(peers, figures)));
    table.rows.extend(rows_without_figures(ceiling, &table));
    let mut notes = vec![format!(
        "All servers were measured in turn in the same rounds, with the same {} connections and, if they use one, the \
         same Redis; each is one process with production settings. The shares are medians of pairs from the same \
         round: below 1, ours takes less. The rate is half of the highest throughput of the slowest server.",
        connections(ceiling)
    )];
    notes.extend(peers.entries.iter().map(|peer| format!("{}: {}; {}", peer.name, peer.what, peer.runs_on)));
    Some(Section {
        id: "peers",
        title: "What the same answer costs on other stacks".into(),
        says: says(peers),
        chart: cpu_chart(&ceiling.designs, |figures| figures.design.clone()),
        table,
        notes,
    })
}

fn row(peers: &Peers, figures: &DesignFigures) -> Vec<String> {
    let is_doubted = !figures.doubts.is_empty();
    let at_rate = peers.at_rate.as_ref().and_then(|at_rate| at_rate.design(&figures.design));
    let peer = peers.entries.iter().find(|peer| peer.name == figures.design);
    let beside = |write: &dyn Fn(&Share) -> Option<String>| {
        let shares = peer
            .into_iter()
            .flat_map(|peer| &peer.ours)
            .filter_map(|ours| Some(format!("{} {ours}", write(&peers.share(ours, &figures.design)?)?)));
        let shares: Vec<String> = shares.collect();
        if shares.is_empty() { NONE.to_owned() } else { shares.join(", ") }
    };
    vec![
        figures.design.clone(),
        with_uncertainty(figures.throughput_rps, number::thousands, is_doubted),
        or_none(figures.server_cpu_us, |cpu| with_uncertainty(cpu, number::short, false)),
        or_none(figures.store_cpu_us, |cpu| number::short(cpu.median)),
        or_none(figures.store_round_trips, |trips| format!("{:.2}", trips.median)),
        or_none(at_rate, |figures| {
            format!("{}{}", number::thousands(figures.p99_us.median), question_mark(figures))
        }),
        beside(&|share| Some(format!("{:.2}", share.server_cpu.median))),
        beside(&|share| Some(format!("{:.2}", share.p99?.median))),
    ]
}

/// Compares each peer with the first of our designs, and says whether the target was met.
fn says(peers: &Peers) -> Vec<String> {
    let beside = |peer: &Peer| {
        let ours = peer.ours.first()?;
        let share = peers.share(ours, &peer.name)?;
        let verdict = match share.is_as_it_should() {
            Some(true) => "target met",
            Some(false) => "target NOT met",
            None => "latency was not measured",
        };
        let p99 = share.p99.map_or(String::new(), |p99| format!(" and {:.2} of its p99", p99.median));
        Some(format!(
            "{ours} takes {:.2} of the server CPU time of {}{p99}: {verdict}.",
            share.server_cpu.median, peer.name
        ))
    };
    let mut says: Vec<String> = peers.entries.iter().filter_map(beside).collect();
    if !says.is_empty() {
        let target = format!(
            "Target: for the same answer, ours takes at most {MOST_CPU:.2} of a peer's CPU time and has a lower p99 at \
             the same rate."
        );
        says.insert(0, target);
    }
    says
}
