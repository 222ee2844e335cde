//! The texts in English.

use maud::html;

use super::{ChartWords, Words};

pub(super) const WORDS: Words = Words {
    folder: "en",
    name: "English",

    designs_header: ["design", "accepted after logout", "for how long", "can the thief renew?"],
    yes: "yes",
    no: "no",
    always: "always",
    refused_at_once: "refused at once",
    yes_with_access_token: "**yes**, with the access token",
    until_expiry: "until the access token expires: at most 15 minutes",
    nothing_to_renew: "there is nothing to renew",
    refresh_token_refused: "no: the refresh token is refused at once",

    design: "design",
    at_once: "at once",
    same_figures_below: "The table below has the same figures.",
    doubted: "A question mark or a hollow point marks a figure that the report itself doubts.",
    not_measured: "(not measured)",
    measured: |date, machine, store, plan| {
        html! {
            "Measured " (date) " on " (machine) "; " (store) "; " code { "cargo lab bench" } ", plan: " (plan) ". "
            a href="measuring.html#own" { "Show your own figures instead" }
        }
    },
    seconds: "s",
    minutes: "min",
    hours: "h",

    cost: ChartWords {
        title: "CPU time of one request",
        axes: ["server", "Redis"],
        columns: &["requests/s", "relative to none", "server µs", "Redis µs", "round trips to Redis"],
    },
    frontier: ChartWords {
        title: "What a check costs, and how long a stolen copy works after logout",
        axes: ["a stolen copy works after logout for", "CPU µs that the check adds to a request"],
        columns: &["check adds µs", "copy works for", "accepted after logout"],
    },
    distance: ChartWords {
        title: "How the distance to Redis affects a request",
        axes: ["round trip to Redis as measured, ms", "p50 latency, µs"],
        columns: &["p50 µs"],
    },
    latency: ChartWords {
        title: "Latency of requests that arrive at a fixed rate",
        axes: ["requests per second that arrive", "p99 latency, µs"],
        columns: &["p99 µs"],
    },
    weight: ChartWords {
        title: "The size of a credential",
        axes: ["", ""],
        columns: &["header of a request", "stored in Redis", "commands to Redis"],
    },
    peers: ChartWords {
        title: "CPU time of one request, compared with common alternatives",
        axes: ["server", "Redis"],
        columns: &["requests/s", "server µs", "Redis µs", "p99 µs at the same rate"],
    },
    libraries: ChartWords {
        title: "CPU time of one check of a token, by library",
        axes: ["one check", ""],
        columns: &["ns", "times authlab's"],
    },
    exchanges: ChartWords {
        title: "CPU time of one exchange of a refresh token, compared with common alternatives",
        axes: ["server", "Redis"],
        columns: &["exchanges/s", "server µs", "Redis µs", "p99 µs at the same rate"],
    },
};
