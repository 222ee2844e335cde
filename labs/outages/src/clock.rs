//! Two servers whose clocks are 120 s apart. The lab's clock can only be moved forward. But the server that is behind
//! sees credentials and records from its own future, as a server does whose clock was set back. So moving one of two
//! servers ahead covers both directions.

use std::time::Duration;

use harness::Failure;
use harness::design::HYBRID;
use harness::server::Server;

use super::person::{Call, Person};
use super::row::{Outcome, Promise, Setup};

const APART_S: u64 = 120;
/// The server's default leeway for `iat` and `nbf`, in seconds; `exp` has no leeway.
const LEEWAY_S: u64 = 5;
const ACCESS_TTL_S: u64 = 900;
/// Seconds that may pass while the row runs; each boundary is tested within this tolerance.
const DRIFT_S: u64 = 3;
const KEYS: [(&str, &str); 2] = [
    ("AUTHLAB_ACCESS_KEYS", "1=an-access-key-for-one-run-of-the-clock-row-only"),
    ("AUTHLAB_REFRESH_KEYS", "1=a-refresh-key-for-one-run-of-the-clock-row-only"),
];

pub(crate) async fn row(setup: &Setup) -> Result<Outcome, Failure> {
    let redis = setup.source.start().await?;
    let store = kit::Store::Redis(redis.url());
    let folder = tempfile::tempdir()?;
    let accounts = folder.path().join("accounts.sqlite").display().to_string();
    let arguments = ["--accounts", &accounts, "--lab-controls"];
    let ahead = Server::start_with(HYBRID, &store, &arguments, &KEYS).await?;
    let behind = Server::start_with(HYBRID, &store, &arguments, &KEYS).await?;
    let mut promises = Vec::new();
    let mut expect = |must: &str, seen: Option<u16>, status: u16| {
        let shown = seen.map_or("no answer".to_owned(), |seen| seen.to_string());
        promises.push(Promise::new(must, shown, seen == Some(status)));
    };

    let mut early = Person::sign_up(&behind.url, "mobile").await?;
    early.at(&ahead.url).advance(APART_S).await?;
    expect(
        "a token of the slow server, sent to the fast one",
        early.at(&ahead.url).ask(Call::Me).await.status,
        200,
    );

    // The two servers refresh in turn, so each reads records whose times differ from its own clock.
    for (server, must) in [
        (&ahead, "a refresh at the fast server"),
        (&behind, "a refresh at the slow server, for which the record is from the future"),
        (&ahead, "a refresh at the fast server again"),
    ] {
        let mut there = early.at(&server.url);
        expect(must, there.ask(Call::Refresh).await.status, 200);
        early = there;
    }

    let late = Person::sign_up(&ahead.url, "mobile").await?;
    let mut late_at_behind = late.at(&behind.url);
    expect(
        "a token of the fast server, sent to the slow one: from the future",
        late_at_behind.ask(Call::Me).await.status,
        401,
    );
    late_at_behind.advance(APART_S - LEEWAY_S - DRIFT_S).await?;
    expect(
        "a token from the future, just outside the leeway of 5 s",
        late_at_behind.ask(Call::Me).await.status,
        401,
    );
    late_at_behind.advance(DRIFT_S).await?;
    expect("a token from the future, within the leeway", late_at_behind.ask(Call::Me).await.status, 200);

    let mut at_ahead = late.at(&ahead.url);
    at_ahead.advance(ACCESS_TTL_S - DRIFT_S).await?;
    expect("a token just before it expires", at_ahead.ask(Call::Me).await.status, 200);
    at_ahead.advance(DRIFT_S).await?;
    expect("at the moment it expires, without leeway", at_ahead.ask(Call::Me).await.status, 401);
    at_ahead.advance(Duration::from_secs(100_000_000).as_secs()).await?;
    expect("three years later", at_ahead.ask(Call::Me).await.status, 401);
    expect("three years later, a refresh of its session", at_ahead.ask(Call::Refresh).await.status, 401);
    Ok(Outcome::Seen(promises))
}
