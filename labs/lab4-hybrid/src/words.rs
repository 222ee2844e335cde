//! The texts that describe this design to users, in English and Japanese.

use kit::design::{Text, Words};

/// The texts that describe this design.
pub(crate) const WORDS: Words = Words {
    title: Text { en: "Hybrid", ja: "ハイブリッド" },
    summary: Text {
        en: "a short-lived access token and a rotated refresh token",
        ja: "短命のアクセストークンと、ローテーションするリフレッシュトークン",
    },
    about: Text {
        en: "A short-lived access token, and a refresh token that belongs to a session in the store.",
        ja: "短命なアクセストークンと、ストアのセッションに紐づくリフレッシュトークンを使います。",
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
                en: "The thief has a copy of both tokens. The server cannot tell the thief from Ann.",
                ja: "泥棒は両方のトークンのコピーを手に入れました。サーバーは泥棒とアンを区別できません。",
            },
        ),
        (
            "log-out done",
            Text {
                en: "The server deleted the session, so no copy of the refresh token works. The access token works until it expires.",
                ja: "セッションを削除したので、コピーしたリフレッシュトークンはもう使えません。アクセストークンは期限まで使えます。",
            },
        ),
        (
            "log-out-everywhere done",
            Text {
                en: "The server ended all of Ann’s sessions. An access token works until it expires.",
                ja: "アンのセッションをすべて終了しました。アクセストークンは期限まで使えます。",
            },
        ),
        (
            "change-password done",
            Text {
                en: "The new password ended every session. The copied access token works until it expires.",
                ja: "すべてのセッションを終了しました。コピーされたアクセストークンは期限まで使えます。",
            },
        ),
        (
            "person-refreshes done",
            Text {
                en: "Ann’s app has a new pair of tokens. The previous refresh token is used up.",
                ja: "アンのアプリは新しいトークンの組を受け取りました。前のリフレッシュトークンは使用済みです。",
            },
        ),
        (
            "person-refreshes same",
            Text {
                en: "Within ten seconds the server assumes that its first response was lost, and sends the same pair again. Ann and the thief now have the same token. Next time, the server detects the one who uses it more than ten seconds after the other.",
                ja: "まだ 10 秒以内なので、サーバーは「前の応答が届かず再送された」とみなし、同じ組をもう一度返しました。アンと泥棒は同じトークンを持っています。次に、相手より 10 秒を超えて遅れてそれを使った側が検知されます。",
            },
        ),
        (
            "person-refreshes refresh_reused",
            Text {
                en: "Caught: this token was used before, so there is a copy of it. The server ended the session for both.",
                ja: "検知: このトークンは使用済みで、コピーが存在します。サーバーは両者のセッションを終了しました。",
            },
        ),
        (
            "person-refreshes refresh_ended",
            Text {
                en: "Refused: the session was ended. Ann’s app asks for her password.",
                ja: "拒否: セッションは終了しています。アプリはパスワードの入力を求めます。",
            },
        ),
        (
            "person-refreshes refresh_expired",
            Text {
                en: "Refused: the session was unused for too long and has expired. Ann enters her password again.",
                ja: "拒否: 長期間使われず、セッションが失効しました。アンはパスワードを入力し直します。",
            },
        ),
        (
            "thief-refreshes done",
            Text {
                en: "The thief has a new pair of tokens. Ann’s refresh token is used up, and she does not know it.",
                ja: "泥棒が新しいトークンの組を受け取りました。アンのリフレッシュトークンは使用済みになりましたが、アンは気づいていません。",
            },
        ),
        (
            "thief-refreshes same",
            Text {
                en: "Within ten seconds the server assumes that its first response was lost, and sends the same pair again. Ann and the thief now have the same token. Next time, the server detects the one who uses it more than ten seconds after the other.",
                ja: "まだ 10 秒以内なので、サーバーは「前の応答が届かず再送された」とみなし、同じ組をもう一度返しました。アンと泥棒は同じトークンを持っています。次に、相手より 10 秒を超えて遅れてそれを使った側が検知されます。",
            },
        ),
        (
            "thief-refreshes refresh_reused",
            Text {
                en: "Caught: this token was used before. The server ended the session for both.",
                ja: "検知: このトークンは使用済みです。サーバーは両者のセッションを終了しました。",
            },
        ),
        (
            "thief-refreshes refresh_ended",
            Text {
                en: "Refused: the session was ended, so its refresh tokens are invalid.",
                ja: "拒否: セッションが終了しているので、リフレッシュトークンも無効です。",
            },
        ),
        (
            "thief-refreshes refresh_expired",
            Text {
                en: "Refused: the session was unused for too long and has expired.",
                ja: "拒否: 長期間使われず、セッションが失効しました。",
            },
        ),
        (
            "cut-store done",
            Text {
                en: "The server cannot reach its store. This design needs the store only to log in, to refresh and to log out.",
                ja: "サーバーはストアに接続できません。この設計でストアが必要なのは、ログイン、リフレッシュ、ログアウトのときだけです。",
            },
        ),
    ],
};
