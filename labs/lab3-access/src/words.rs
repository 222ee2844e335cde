//! The texts that describe this design to users, in English and Japanese.

use kit::design::{Text, Words};

/// The texts that describe this design.
pub(crate) const WORDS: Words = Words {
    title: Text { en: "Access token only", ja: "アクセストークンのみ" },
    summary: Text {
        en: "a signed access token, and nothing else", ja: "署名付きのアクセストークンだけ"
    },
    about: Text {
        en: "A signed token says it all. The server keeps nothing.",
        ja: "署名付きトークンだけで完結し、サーバーは何も保存しません。",
    },
    stored: Text {
        en: "the server stores nothing of a log-in",
        ja: "サーバーはログインについて何も保存しない",
    },
    outcomes: &[
        (
            "sign-in done",
            Text {
                en: "Ann got a token that is good for 15 minutes. The server remembers nothing of it.",
                ja: "15 分間有効なトークンを受け取りました。サーバーは何も覚えていません。",
            },
        ),
        (
            "steal done",
            Text {
                en: "The thief has a copy of the token, and looks like Ann.",
                ja: "泥棒はトークンのコピーを手に入れました。サーバーからはアンに見えます。",
            },
        ),
        (
            "log-out done",
            Text {
                en: "The server answered 204, and nothing ended: there is nothing to delete. The copy works on.",
                ja: "204 が返りましたが、消すものがないので何も終わっていません。コピーはまだ使えます。",
            },
        ),
        (
            "log-out-everywhere done",
            Text {
                en: "The server answered 204, and nothing ended: there is nothing to delete. The copy works on.",
                ja: "204 が返りましたが、消すものがないので何も終わっていません。コピーはまだ使えます。",
            },
        ),
        (
            "change-password done",
            Text {
                en: "A new password, and a new token for Ann. The old token knows nothing of passwords and works on.",
                ja: "アンは新しいトークンを受け取りました。古いトークンはパスワードの変更を知らないので、まだ使えます。",
            },
        ),
        (
            "person-refreshes not_found",
            Text {
                en: "There is nothing to refresh with. When the token is over, Ann types her password.",
                ja: "リフレッシュする手段がありません。期限が切れたら、アンはパスワードを入力し直します。",
            },
        ),
        (
            "thief-refreshes not_found",
            Text {
                en: "There is nothing to refresh with. The stolen token cannot be made to last longer.",
                ja: "リフレッシュする手段がありません。盗んだトークンの期限は延ばせません。",
            },
        ),
        (
            "cut-store done",
            Text {
                en: "There is no store to miss.", ja: "もともとストアがないので、影響はありません。"
            },
        ),
        ("mend-store done", Text { en: "Nothing was broken here.", ja: "もともと何も壊れていません。" }),
    ],
};
