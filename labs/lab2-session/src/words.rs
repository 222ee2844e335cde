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
                en: "The thief has a copy of the cookie. The server cannot tell the thief from Ann.",
                ja: "泥棒は Cookie のコピーを手に入れました。サーバーは泥棒とアンを区別できません。",
            },
        ),
        (
            "log-out done",
            Text {
                en: "The server deleted the record. From now on every copy of the cookie is invalid.",
                ja: "レコードを削除しました。Cookie のコピーは、この瞬間からすべて無効です。",
            },
        ),
        (
            "log-out-everywhere done",
            Text {
                en: "The server deleted all of Ann’s records. From now on no copy of any cookie works.",
                ja: "アンのレコードをすべて削除しました。どの Cookie のコピーももう使えません。",
            },
        ),
        (
            "change-password done",
            Text {
                en: "The new password ended every session. Ann got a new cookie; the copy is invalid.",
                ja: "すべてのセッションを終了しました。アンは新しい Cookie を受け取り、コピーは無効になりました。",
            },
        ),
        (
            "person-refreshes not_found",
            Text {
                en: "There is nothing to refresh: the cookie is valid for as long as its record exists.",
                ja: "リフレッシュするものがありません。Cookie はレコードがある限り有効です。",
            },
        ),
        (
            "thief-refreshes not_found",
            Text {
                en: "There is nothing to refresh: a stolen cookie is valid for as long as its record exists.",
                ja: "リフレッシュするものがありません。盗まれた Cookie はレコードがある限り有効です。",
            },
        ),
        (
            "cut-store done",
            Text {
                en: "The server cannot reach its store. This design reads the store at every request.",
                ja: "サーバーはストアに接続できません。この設計はリクエストのたびにストアを読みます。",
            },
        ),
    ],
};
