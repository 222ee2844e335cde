//! The texts that describe this design to users, in English and Japanese.

use kit::design::{Text, Words};

/// The texts that describe this design.
pub(crate) const WORDS: Words = Words {
    title: Text { en: "Hybrid", ja: "ハイブリッド" },
    summary: Text {
        en: "a short access token and a rotated refresh token",
        ja: "短命のアクセストークンと、ローテーションするリフレッシュトークン",
    },
    about: Text {
        en: "A short access token, and a refresh token with a session behind it.",
        ja: "短命なアクセストークンと、セッションに紐づくリフレッシュトークンを使います。",
    },
    stored: Text {
        en: "the refresh token's session is in the store; a request with an access token reads nothing",
        ja: "リフレッシュトークンのセッションはストアにあり、アクセストークンの検証では何も読まない",
    },
    outcomes: &[
        (
            "sign-in done",
            Text {
                en: "Ann got an access token for 15 minutes, and a refresh token whose session is in the store.",
                ja: "15 分間有効なアクセストークンと、ストアのセッションに紐づくリフレッシュトークンを受け取りました。",
            },
        ),
        (
            "steal done",
            Text {
                en: "The thief has a copy of both tokens, and looks like Ann.",
                ja: "泥棒は両方のトークンのコピーを手に入れました。サーバーからはアンに見えます。",
            },
        ),
        (
            "log-out done",
            Text {
                en: "The session is deleted, so no copy can be refreshed. The access token works until it runs out by itself.",
                ja: "セッションを削除したので、コピーではもうリフレッシュできません。アクセストークンは期限まで使えます。",
            },
        ),
        (
            "log-out-everywhere done",
            Text {
                en: "All of Ann’s sessions are over. An access token works until it runs out by itself.",
                ja: "アンのセッションをすべて終了しました。アクセストークンは期限まで使えます。",
            },
        ),
        (
            "change-password done",
            Text {
                en: "A new password ends every session. The copied access token works until it runs out.",
                ja: "すべてのセッションを終了しました。コピーされたアクセストークンは期限まで使えます。",
            },
        ),
        (
            "person-refreshes done",
            Text {
                en: "Ann’s app has a new pair. The refresh token of before is used up.",
                ja: "アンのアプリは新しい組を受け取りました。前のリフレッシュトークンは使用済みです。",
            },
        ),
        (
            "person-refreshes same",
            Text {
                en: "Within ten seconds the server takes this for a request whose answer was lost, and hands out the same pair once more. Both hold the same token now; whoever uses it late next time is noticed.",
                ja: "まだ 10 秒以内なので、サーバーは「前の応答が届かず再送された」とみなし、同じ組をもう一度渡しました。二人は同じトークンを持っています。次に食い違ったときに検知されます。",
            },
        ),
        (
            "person-refreshes refresh_reused",
            Text {
                en: "Caught: this token had been used before, so somebody has a copy. The session is over for both.",
                ja: "検知: このトークンは使用済みです。誰かがコピーを持っているので、セッションを両者とも終了しました。",
            },
        ),
        (
            "person-refreshes refresh_ended",
            Text {
                en: "Refused: the session was ended. Ann’s app asks for the password.",
                ja: "拒否: セッションは終了しています。アプリはパスワードの入力を求めます。",
            },
        ),
        (
            "person-refreshes refresh_expired",
            Text {
                en: "Refused: the session was not used for too long. Ann types her password.",
                ja: "拒否: 長期間使われず、セッションが失効しました。アンはパスワードを入力し直します。",
            },
        ),
        (
            "thief-refreshes done",
            Text {
                en: "The thief has a new pair. Ann’s refresh token is used up, and she does not know.",
                ja: "泥棒が新しい組を受け取りました。アンのリフレッシュトークンは使用済みになりましたが、アンは気づいていません。",
            },
        ),
        (
            "thief-refreshes same",
            Text {
                en: "Within ten seconds the server takes this for a request whose answer was lost, and hands out the same pair once more. Both hold the same token now; whoever uses it late next time is noticed.",
                ja: "まだ 10 秒以内なので、サーバーは「前の応答が届かず再送された」とみなし、同じ組をもう一度渡しました。二人は同じトークンを持っています。次に食い違ったときに検知されます。",
            },
        ),
        (
            "thief-refreshes refresh_reused",
            Text {
                en: "Caught: this token had been used before. The session is over for both.",
                ja: "検知: このトークンは使用済みです。セッションを両者とも終了しました。",
            },
        ),
        (
            "thief-refreshes refresh_ended",
            Text {
                en: "Refused: the session was ended, and its refresh tokens with it.",
                ja: "拒否: セッションが終了しているので、リフレッシュトークンも無効です。",
            },
        ),
        (
            "thief-refreshes refresh_expired",
            Text {
                en: "Refused: the session was not used for too long.",
                ja: "拒否: 長期間使われず、セッションが失効しました。",
            },
        ),
        (
            "cut-store done",
            Text {
                en: "The server cannot reach its store. It asks it to sign in, to refresh and to log out, and at no other time.",
                ja: "サーバーはストアに届きません。ストアが必要なのは、ログイン、リフレッシュ、ログアウトのときだけです。",
            },
        ),
    ],
};
