//! The texts in Japanese.

use maud::html;

use super::{ChartWords, Words};

pub(super) const WORDS: Words = Words {
    folder: "ja",
    name: "日本語",

    designs_header: ["設計", "ログアウト後に受理されるか", "いつまで", "泥棒は更新できるか"],
    yes: "はい",
    no: "いいえ",
    always: "ずっと",
    refused_at_once: "即座に拒否される",
    yes_with_access_token: "**はい**。アクセストークンで",
    until_expiry: "アクセストークンの期限が切れるまで。最長 15 分",
    nothing_to_renew: "更新するものがない",
    refresh_token_refused: "いいえ。リフレッシュトークンは即座に無効になる",

    design: "設計",
    at_once: "即座",
    same_figures_below: "同じ数字が下の表にあります。",
    doubted: "疑問符または白抜きの点は、レポート自身が疑わしいと判定した数字です。",
    not_measured: "（未測定）",
    measured: |date, machine, store, plan| {
        html! {
            (date) " に " (machine) "（" (store) "）で測定。" code { "cargo lab bench" } "、計画: " (plan) "。"
            a href="measuring.html#own" { "自分の数字に差し替えるには" }
        }
    },
    seconds: "秒",
    minutes: "分",
    hours: "時間",

    cost: ChartWords {
        title: "1 リクエストの CPU 時間",
        axes: ["サーバー", "Redis"],
        columns: &["リクエスト/秒", "none 比", "サーバー µs", "Redis µs", "Redis との往復"],
    },
    frontier: ChartWords {
        title: "検証のコストと、盗まれたコピーがログアウト後に使える時間",
        axes: ["盗まれたコピーがログアウト後に使える時間", "検証が 1 リクエストに加える CPU µs"],
        columns: &["検証が加える µs", "コピーが使える時間", "ログアウト後に受理された数"],
    },
    distance: ChartWords {
        title: "Redis までの距離とリクエストの時間",
        axes: ["実測した Redis との往復、ms", "p50 レイテンシー、µs"],
        columns: &["p50 µs"],
    },
    latency: ChartWords {
        title: "一定のレートで届くリクエストのレイテンシー",
        axes: ["毎秒届くリクエスト", "p99 レイテンシー、µs"],
        columns: &["p99 µs"],
    },
    weight: ChartWords {
        title: "認証情報のサイズ",
        axes: ["", ""],
        columns: &["リクエストのヘッダー", "Redis に保存", "Redis へのコマンド"],
    },
    peers: ChartWords {
        title: "1 リクエストの CPU 時間、ほかの選択肢との比較",
        axes: ["サーバー", "Redis"],
        columns: &["リクエスト/秒", "サーバー µs", "Redis µs", "同じレートでの p99 µs"],
    },
    libraries: ChartWords {
        title: "トークンの検証 1 回の CPU 時間、ライブラリ別",
        axes: ["検証 1 回", ""],
        columns: &["ns", "authlab の何倍か"],
    },
    exchanges: ChartWords {
        title: "リフレッシュトークンの交換 1 回の CPU 時間、ほかの選択肢との比較",
        axes: ["サーバー", "Redis"],
        columns: &["交換/秒", "サーバー µs", "Redis µs", "同じレートでの p99 µs"],
    },
};
