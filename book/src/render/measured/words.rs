//! The texts of the charts and their tables, in both languages.

use crate::Lang;

/// The texts of one chart and its table.
pub(super) struct Words {
    /// The title of the chart.
    pub(super) title: &'static str,
    /// The labels of the x axis and the y axis; for a bar chart, of the parts of a bar.
    pub(super) axes: [&'static str; 2],
    /// The headings of the table's columns, except the column of the design.
    pub(super) columns: &'static [&'static str],
}

/// The texts that all charts share.
pub(super) struct Shared {
    pub(super) design: &'static str,
    pub(super) at_once: &'static str,
    pub(super) below: &'static str,
    pub(super) doubted: &'static str,
    pub(super) not_measured: &'static str,
}

pub(super) fn shared(lang: Lang) -> Shared {
    match lang {
        Lang::En => Shared {
            design: "design",
            at_once: "at once",
            below: "The table below has the same figures.",
            doubted: "A question mark or a hollow point marks a figure that the report itself doubts.",
            not_measured: "(not measured)",
        },
        Lang::Ja => Shared {
            design: "設計",
            at_once: "即座",
            below: "同じ数字が下の表にあります。",
            doubted: "疑問符または白抜きの点は、レポート自身が疑わしいと判定した数字です。",
            not_measured: "（未測定）",
        },
    }
}

pub(super) const COST: [Words; 2] = [
    Words {
        title: "CPU time of one request",
        axes: ["server", "Redis"],
        columns: &["requests/s", "relative to none", "server µs", "Redis µs", "round trips to Redis"],
    },
    Words {
        title: "1 リクエストの CPU 時間",
        axes: ["サーバー", "Redis"],
        columns: &["リクエスト/秒", "none 比", "サーバー µs", "Redis µs", "Redis との往復"],
    },
];

pub(super) const FRONTIER: [Words; 2] = [
    Words {
        title: "What a check costs, and how long a stolen copy works after logout",
        axes: ["a stolen copy works after logout for", "CPU µs that the check adds to a request"],
        columns: &["check adds µs", "copy works for", "accepted after logout"],
    },
    Words {
        title: "検証のコストと、盗まれたコピーがログアウト後に使える時間",
        axes: ["盗まれたコピーがログアウト後に使える時間", "検証が 1 リクエストに加える CPU µs"],
        columns: &["検証が加える µs", "コピーが使える時間", "ログアウト後に受理された数"],
    },
];

pub(super) const DISTANCE: [Words; 2] = [
    Words {
        title: "How the distance to Redis affects a request",
        axes: ["round trip to Redis as measured, ms", "p50 latency, µs"],
        columns: &["p50 µs"],
    },
    Words {
        title: "Redis までの距離とリクエストの時間",
        axes: ["実測した Redis との往復、ms", "p50 レイテンシー、µs"],
        columns: &["p50 µs"],
    },
];

pub(super) const LATENCY: [Words; 2] = [
    Words {
        title: "Latency of requests that arrive at a fixed rate",
        axes: ["requests per second that arrive", "p99 latency, µs"],
        columns: &["p99 µs"],
    },
    Words {
        title: "一定のレートで届くリクエストのレイテンシー",
        axes: ["毎秒届くリクエスト", "p99 レイテンシー、µs"],
        columns: &["p99 µs"],
    },
];

pub(super) const WEIGHT: [Words; 2] = [
    Words {
        title: "The size of a credential",
        axes: ["", ""],
        columns: &["header of a request", "stored in Redis", "commands to Redis"],
    },
    Words {
        title: "認証情報のサイズ",
        axes: ["", ""],
        columns: &["リクエストのヘッダー", "Redis に保存", "Redis へのコマンド"],
    },
];

pub(super) const PEERS: [Words; 2] = [
    Words {
        title: "CPU time of one request, compared with common alternatives",
        axes: ["server", "Redis"],
        columns: &["requests/s", "server µs", "Redis µs", "p99 µs at the same rate"],
    },
    Words {
        title: "1 リクエストの CPU 時間、ほかの選択肢との比較",
        axes: ["サーバー", "Redis"],
        columns: &["リクエスト/秒", "サーバー µs", "Redis µs", "同じレートでの p99 µs"],
    },
];

pub(super) const LIBRARIES: [Words; 2] = [
    Words {
        title: "CPU time of one check of a token, by library",
        axes: ["one check", ""],
        columns: &["ns", "times authlab's"],
    },
    Words {
        title: "トークンの検証 1 回の CPU 時間、ライブラリ別",
        axes: ["検証 1 回", ""],
        columns: &["ns", "authlab の何倍か"],
    },
];
