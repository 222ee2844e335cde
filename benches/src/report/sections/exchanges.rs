//! The section that compares an exchange of a refresh token with the same exchange on other stacks.

use super::section::{Section, or_none, with_uncertainty};
use crate::figures::{Interval, Median};
use crate::report::chart::{Bar, Bars, Chart};
use crate::report::peers::{ExchangeShare, Exchanger, Exchanges, MOST_CPU, MOST_P99};
use crate::report::table::Table;
use crate::report::{Report, number};
use crate::targets::{Limit, Verdict};

pub(super) fn section(report: &Report) -> Option<Section> {
    let exchanges = report.peers.as_ref()?.exchanges.as_ref()?;
    let at = exchanges.rate_rps.map_or(String::new(), |rps| format!(" at {}/s", number::thousands(rps)));
    let mut table = Table::new([
        "server".to_owned(),
        "exchanges/s".to_owned(),
        "server CPU µs".to_owned(),
        "Redis CPU µs".to_owned(),
        "trips to Redis".to_owned(),
        "Redis commands".to_owned(),
        format!("p50 µs{at}"),
        format!("p99 µs{at}"),
        "ours takes of its CPU".to_owned(),
        "with Redis".to_owned(),
        "ours takes of its p99".to_owned(),
    ]);
    exchanges.all().for_each(|server| table.row(row(exchanges, server)));
    Some(Section {
        id: "exchanges",
        title: "What an exchange of a refresh token costs on other stacks".into(),
        says: says(exchanges),
        chart: chart(exchanges),
        table,
        notes: notes(exchanges),
    })
}

fn row(exchanges: &Exchanges, server: &Exchanger) -> Vec<String> {
    let share = exchanges.peers.contains(server).then(|| exchanges.share(server)).flatten();
    let of = |figure: &dyn Fn(ExchangeShare) -> Option<Median>| {
        or_none(share.and_then(figure), |share| format!("{:.2}", share.median))
    };
    vec![
        server.name.clone(),
        or_none(server.throughput_rps(), |rps| with_uncertainty(rps, number::thousands, false)),
        or_none(server.server_cpu_us(), |cpu| with_uncertainty(cpu, number::short, false)),
        or_none(server.store_cpu_us(), |cpu| number::short(cpu.median)),
        or_none(server.store_round_trips, |trips| format!("{trips:.1}")),
        or_none(server.store_commands, |commands| format!("{commands:.1}")),
        or_none(server.p50_us(), |us| number::thousands(us.median)),
        or_none(server.p99_us(), |us| number::thousands(us.median)),
        of(&|share| Some(share.server_cpu)),
        of(&|share| share.whole_cpu),
        of(&|share| share.p99),
    ]
}

/// Compares each peer with ours, and says whether the targets were met and what the peer does not do.
fn says(exchanges: &Exchanges) -> Vec<String> {
    let beside = |peer: &Exchanger| {
        let share = exchanges.share(peer)?;
        let judged = |figure: &Median, most: f64| {
            let Interval { low, high } = figure.likely();
            let verdict = match Limit::AtMost(most).judge(figure) {
                Verdict::Met => "target met",
                Verdict::NotMet => "target NOT met",
                Verdict::Undecided | Verdict::NotMeasured => "undecided",
            };
            (format!("{:.2} ({low:.2} – {high:.2})", figure.median), verdict)
        };
        let (cpu, verdict) = judged(&share.server_cpu, MOST_CPU);
        let p99 = match &share.p99 {
            Some(p99) => {
                let (p99, verdict) = judged(p99, MOST_P99);
                format!("and {p99} of its p99: {verdict}")
            }
            None => "its latency was not measured".to_owned(),
        };
        let whole = share.whole_cpu;
        let whole = whole.map_or(String::new(), |whole| format!("; {:.2} together with Redis", whole.median));
        let lacks = peer.lacks.as_ref().map_or(String::new(), |lacks| format!(" {lacks}"));
        Some(format!(
            "{} takes {cpu} of the server CPU time of {}: {verdict}{whole}; {p99}.{lacks}",
            exchanges.ours.name, peer.name
        ))
    };
    let mut says: Vec<String> = exchanges.peers.iter().filter_map(beside).collect();
    if !says.is_empty() {
        let target = format!(
            "Target: for an exchange that rotates the token, ours takes at most {MOST_CPU:.2} of a peer's CPU time, and \
             its p99 at the same rate is not higher. In parentheses: the 95 % interval, which decides."
        );
        says.insert(0, target);
    }
    says
}

fn notes(exchanges: &Exchanges) -> Vec<String> {
    let mut notes = vec![
        format!(
            "The servers took turns in the same rounds, in an order that rotates, each with {} clients that exchange one \
             token after another, and all with the same Redis. Every exchange rotates the token: {} ran without its reuse \
             window. The shares are medians of pairs from the same round: below 1, ours takes less.",
            exchanges.clients, exchanges.ours.name
        ),
        "Latency was measured at half of the throughput of the slowest server, on a fixed schedule. It counts from the \
         time at which an exchange was due, and includes the time of the client, which is the same for all."
            .to_owned(),
        "Round trips and commands were counted with one client. A command inside a script or a transaction counts too, \
         although it is not a round trip of its own."
            .to_owned(),
    ];
    notes.extend(exchanges.all().map(|server| {
        let runs_on = server.runs_on.as_ref().map_or(String::new(), |runs_on| format!("; {runs_on}"));
        format!("{}: {}{runs_on}", server.name, server.what)
    }));
    notes
}

fn chart(exchanges: &Exchanges) -> Option<Chart> {
    let bar = |server: &Exchanger| {
        let store = server.store_cpu_us().map_or(0.0, |store| store.median);
        Some(Bar { label: server.name.clone(), parts: vec![server.server_cpu_us()?.median, store] })
    };
    let bars: Vec<Bar> = exchanges.all().filter_map(bar).collect();
    let parts = vec!["server CPU".into(), "Redis CPU".into()];
    (!bars.is_empty()).then(|| Chart::Bars(Bars { parts, bars, unit: " µs".into() }))
}
