//! The texts that describe this design to users, in English and Japanese.

use kit::design::{Text, Words};

/// The texts that describe this design.
pub(crate) const WORDS: Words = Words {
    title: Text { en: "Access token only", ja: "アクセストークンのみ" },
    summary: Text {
        en: "a signed access token, and nothing else", ja: "署名付きのアクセストークンだけ"
    },
    about: Text {
        en: "The signed token contains everything that the server needs. The server stores nothing.",
        ja: "必要な情報はすべて署名付きトークンに入っています。サーバーは何も保存しません。",
    },
    stored: Text {
        en: "the server stores nothing about a login",
        ja: "サーバーはログインについて何も保存しない",
    },
    outcomes: &[
        (
            "sign-in done",
            Text {
                en: "Ann got a token that is valid for 15 minutes. The server stores nothing about it.",
                ja: "15 分間有効なトークンを受け取りました。サーバーは何も保存していません。",
            },
        ),
        (
            "steal done",
            Text {
                en: "The thief has a copy of the token. The server cannot tell the thief from Ann.",
                ja: "泥棒はトークンのコピーを手に入れました。サーバーは泥棒とアンを区別できません。",
            },
        ),
        (
            "log-out done",
            Text {
                en: "The server answered 204 and ended nothing, because there is nothing to delete. The copy still works.",
                ja: "204 が返りましたが、消すものがないので何も終わっていません。コピーはまだ使えます。",
            },
        ),
        (
            "log-out-everywhere done",
            Text {
                en: "The server answered 204 and ended nothing, because there is nothing to delete. The copy still works.",
                ja: "204 が返りましたが、消すものがないので何も終わっていません。コピーはまだ使えます。",
            },
        ),
        (
            "change-password done",
            Text {
                en: "Ann has a new password and a new token. Checking the old token involves no password, so it still works.",
                ja: "アンは新しいパスワードと新しいトークンを手に入れました。古いトークンの検証にパスワードは関係しないので、まだ使えます。",
            },
        ),
        (
            "person-refreshes not_found",
            Text {
                en: "There is no refresh token. When the token has expired, Ann enters her password again.",
                ja: "リフレッシュトークンがありません。期限が切れたら、アンはパスワードを入力し直します。",
            },
        ),
        (
            "thief-refreshes not_found",
            Text {
                en: "There is no refresh token. The thief cannot extend the life of the stolen token.",
                ja: "リフレッシュトークンがありません。泥棒は盗んだトークンの期限を延ばせません。",
            },
        ),
        (
            "cut-store done",
            Text {
                en: "This design has no store, so nothing changes.",
                ja: "この設計にはストアがないので、影響はありません。",
            },
        ),
        (
            "mend-store done",
            Text {
                en: "This design has no store, so there was nothing to repair.",
                ja: "この設計にはストアがないので、修復するものはありません。",
            },
        ),
    ],
};
