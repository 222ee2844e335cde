//! The texts that describe this design to users, in English and Japanese.

use kit::design::{Text, Words};

/// The texts that describe this design.
pub(crate) const WORDS: Words = Words {
    title: Text { en: "Session", ja: "セッション" },
    summary: Text {
        en: "a cookie that names a session on the server",
        ja: "サーバー側のセッションを指す Cookie",
    },
    about: Text {
        en: "A cookie names a record that the server keeps.",
        ja: "Cookie が、サーバーに保存されたレコードを指します。",
    },
    stored: Text {
        en: "each request reads its session in the store",
        ja: "リクエストごとにストアのセッションを読む",
    },
    outcomes: &[
        (
            "sign-in done",
            Text {
                en: "Ann got a cookie with a random name. The record is in the store.",
                ja: "ランダムな名前の Cookie を受け取りました。レコードはストアにあります。",
            },
        ),
        (
            "steal done",
            Text {
                en: "The thief has a copy of the cookie, and looks like Ann.",
                ja: "泥棒は Cookie のコピーを手に入れました。サーバーからはアンに見えます。",
            },
        ),
        (
            "log-out done",
            Text {
                en: "The record is deleted. Every copy of the cookie names nothing from now on.",
                ja: "レコードを削除しました。Cookie のコピーは、この瞬間からすべて無効です。",
            },
        ),
        (
            "log-out-everywhere done",
            Text {
                en: "All of Ann’s records are deleted. No copy of any cookie works from now on.",
                ja: "アンのレコードをすべて削除しました。どの Cookie のコピーももう使えません。",
            },
        ),
        (
            "change-password done",
            Text {
                en: "A new password ends every session. Ann got a new cookie, the copy is worth nothing.",
                ja: "すべてのセッションを終了しました。アンは新しい Cookie を受け取り、コピーは無効になりました。",
            },
        ),
        (
            "person-refreshes not_found",
            Text {
                en: "There is nothing to refresh: the cookie is good for as long as its record.",
                ja: "リフレッシュするものがありません。Cookie はレコードがある限り有効です。",
            },
        ),
        (
            "thief-refreshes not_found",
            Text {
                en: "There is nothing to refresh: a stolen cookie is good for as long as its record.",
                ja: "リフレッシュするものがありません。盗まれた Cookie はレコードがある限り有効です。",
            },
        ),
        (
            "cut-store done",
            Text {
                en: "The server cannot reach its store, which it asks at every request.",
                ja: "サーバーはストアに届きません。この設計はリクエストのたびにストアを照会します。",
            },
        ),
    ],
};
