//! Refreshing: the headers of the request and of the response. Rotation has its own file.

pub(super) mod delivery;
pub(super) mod refused;

use crate::{
    prelude::{ATTACK, Check, Feature, Held, RULE, SetUp, Stage, Verdict},
    requests::{USELESS, refresh},
};

const REFRESH_RULE: Check = Check { needs: &[Feature::Refresh], ..RULE };
const REFRESH_ATTACK: Check = Check { needs: &[Feature::Refresh], ..ATTACK };

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "refresh.any-authorization",
        title: "the refresh token decides, whatever the Authorization header contains",
        gains: "A page that also sends its expired access token is logged out.",
        read: "contract: which credential counts",
        run: |stage| Box::pin(any_authorization(stage)),
        ..REFRESH_RULE
    },
    Check {
        id: "refresh.refusal-clears-nothing",
        title: "a refused refresh does not clear the cookie",
        gains: "A late refusal deletes the cookie of a newer login, and the user is logged out.",
        read: "contract: credentials",
        run: |stage| Box::pin(refusal_clears_nothing(stage)),
        ..REFRESH_RULE
    },
    Check {
        id: "refresh.no-store",
        title: "a response with tokens has Cache-Control: no-store",
        gains: "Gets another user's tokens from a cache.",
        read: "RFC 6749 §5.1",
        run: |stage| Box::pin(no_store(stage)),
        ..REFRESH_ATTACK
    },
    Check {
        id: "refresh.idempotency-key-bound",
        title: "an Idempotency-Key of 64 characters is accepted, a longer one is refused",
        gains: "An attacker fills the store through a header.",
        read: "contract: refresh retries",
        run: |stage| Box::pin(idempotency_key_bound(stage)),
        ..REFRESH_RULE
    },
];

/// A cookie with the name of this browser's cookie and another value.
fn in_cookie_of(held: &Held, value: &str) -> Verdict<String> {
    let (name, _) = held.cookie()?.split_once('=').unwrap_or_default();
    Ok(format!("{name}={value}"))
}

async fn any_authorization(stage: &Stage) -> Verdict {
    for useless in USELESS {
        for person in [stage.sign_up_web().await?, stage.sign_up().await?] {
            let call = person.held.refreshing().header("authorization", useless);
            let why = "the refresh token is valid, and the Authorization header does not matter";
            stage.expect_status(call, 200, why).await?;
        }
    }
    Ok(())
}

async fn refusal_clears_nothing(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    stage.log_out(&person.held, "local").await?.is(204).in_set_up()?;
    let garbage = in_cookie_of(&person.held, "garbage")?;
    for call in [person.held.refreshing(), refresh().own_cookie(&garbage)] {
        let answer = stage.answered(call, 401).await?;
        answer.expect(answer.set_cookies().is_empty(), "no Set-Cookie in a refusal")?;
    }
    Ok(())
}

async fn no_store(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    stage.answered(person.held.refreshing(), 200).await?.is_not_stored()
}

async fn idempotency_key_bound(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let call = |length: usize| person.held.refreshing().header("idempotency-key", "k".repeat(length));
    let long = stage.send(call(65)).await?;
    long.is_one_of(&[400, 422], "status 400 or 422: the key has 65 characters")?;
    stage.expect_status(call(64), 200, "the key has 64 characters").await
}
