//! Rotation: one successor for each refresh token, however many requests ask for it, and the end of the family on reuse.
//!
//! A token younger than the window is returned unchanged, so the checks move the clock past the window to see a
//! rotation.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::prelude::{
    Check, Exchange, Feature, Held, Outcome, RULE, SetUp, Stage, TIMED_ATTACK, TIMED_RULE, Verdict,
};

const ROTATION: &[Feature] = &[Feature::Refresh, Feature::Rotation];
const ROTATION_RULE: Check = Check { needs: ROTATION, ..TIMED_RULE };
const ROTATION_ATTACK: Check = Check { needs: ROTATION, ..TIMED_ATTACK };
/// After a reuse, the server may report the session as reused or as ended.
const DEAD: &[&str] = &["refresh_ended", "refresh_reused"];
const REUSE: &str = "RFC 9700 §4.14.2, OWASP ASVS 10.4.5";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "rotation.kept-in-window",
        title: "a token younger than the window is kept: the same token, no Set-Cookie, a new access token",
        gains: "Two tabs that refresh at once log each other out.",
        read: "contract: refresh retries",
        needs: ROTATION,
        run: |stage| Box::pin(kept_in_window(stage)),
        ..RULE
    },
    Check {
        id: "rotation.rotates",
        title: "after the window a refresh gives a new refresh token, which works",
        gains: "The server cannot detect the theft of a token that never changes.",
        read: REUSE,
        run: |stage| Box::pin(rotates(stage)),
        ..ROTATION_RULE
    },
    Check {
        id: "rotation.web-cookie",
        title: "a browser gets the successor in the cookie, with the same attributes",
        gains: "The browser keeps the old token, and its next refresh looks like theft.",
        read: "contract: credentials",
        run: |stage| Box::pin(web_cookie(stage)),
        ..ROTATION_RULE
    },
    Check {
        id: "rotation.replay-in-window",
        title: "within the window the parent gives the same successor again",
        gains: "A user whose response was lost is logged out; or the retry gives a second, independent token.",
        read: REUSE,
        run: |stage| Box::pin(replay_in_window(stage)),
        ..ROTATION_RULE
    },
    Check {
        id: "rotation.replay-after-window",
        title: "after the window the parent is refresh_reused, and the family is ended",
        gains: "Continues to use a copied token beside the owner, undetected.",
        read: REUSE,
        run: |stage| Box::pin(replay_after_window(stage)),
        ..ROTATION_ATTACK
    },
    Check {
        id: "rotation.grandparent",
        title: "the parent's parent is refresh_reused even within the window, and the family is ended",
        gains: "Uses an old copy, because the grace period covers more than one predecessor.",
        read: REUSE,
        run: |stage| Box::pin(grandparent(stage)),
        ..ROTATION_ATTACK
    },
    Check {
        id: "rotation.reuse-spares-others",
        title: "a reuse ends its own family, not the account's other sessions",
        gains: "One old token logs a user out everywhere.",
        read: REUSE,
        run: |stage| Box::pin(reuse_spares_others(stage)),
        ..ROTATION_RULE
    },
    Check {
        id: "rotation.idempotency-key",
        title: "after the window the parent gives the successor if the Idempotency-Key is the same, otherwise it is reuse",
        gains: "An app whose response was lost is logged out; or an attacker replays the parent with any key.",
        read: "contract: refresh retries",
        run: |stage| Box::pin(idempotency_key(stage)),
        ..ROTATION_ATTACK
    },
    Check {
        id: "rotation.parallel",
        title: "32 concurrent refreshes of one token all succeed with the same successor",
        gains: "A race leaves two valid tokens, one of them the thief's; or it logs out all tabs of a user.",
        read: "CWE-362, RFC 9700 §4.14.2",
        run: |stage| Box::pin(parallel(stage)),
        ..ROTATION_ATTACK
    },
];

/// The credentials of a user whose refresh token is old enough to be rotated.
async fn aged(stage: &Stage) -> Verdict<Held> {
    let person = stage.sign_up().await?;
    stage.pass_refresh_window().await?;
    Ok(person.held)
}

/// Refreshes, as set-up, and returns the credentials with the new refresh token.
async fn rotated(stage: &Stage, held: &Held) -> Verdict<Held> {
    expect_rotation(stage, held).await.in_set_up()
}

async fn expect_rotation(stage: &Stage, held: &Held) -> Verdict<Held> {
    let answer = stage.answered(held.refreshing(), 200).await?;
    let renewed = Held::from_answer(&answer)?;
    let differs = renewed.refresh.is_some() && renewed.refresh != held.refresh;
    answer.expect(differs, "a new `refresh_token`: the one sent is older than the window")?;
    Ok(renewed)
}

async fn kept_in_window(stage: &Stage) -> Verdict {
    if stage.refresh_window() == 0 {
        return Err(Outcome::skipped("the window is 0: every refresh rotates"));
    }
    let (app, page) = (stage.sign_up().await?, stage.sign_up_web().await?);
    for person in [app, page] {
        // The server may or may not rotate the token of the login at its first refresh; the token after that refresh is
        // young.
        let held = stage.renewed(&person.held).await?;
        let answer = stage.answered(held.refreshing(), 200).await?;
        let kept = answer.text("refresh_token") == held.refresh;
        answer.expect(kept, "the same `refresh_token`: it is younger than the window")?;
        answer.expect(answer.set_cookies().is_empty(), "no Set-Cookie: the browser has the token already")?;
        let fresh = answer.text("access_token") != held.access;
        answer.expect(fresh, "a new `access_token`")?;
    }
    Ok(())
}

async fn rotates(stage: &Stage) -> Verdict {
    let first = aged(stage).await?;
    let second = expect_rotation(stage, &first).await?;
    stage.me(&second).await?.is_since(200, "this access token is new")?;
    stage.pass_refresh_window().await?;
    expect_rotation(stage, &second).await?;
    Ok(())
}

async fn web_cookie(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let logged_in = stage.send(person.logging_in("web")).await?;
    let before = logged_in.must_give_cookie("__Host-refresh")?;
    let held = Held::from_answer(&logged_in)?;
    stage.pass_refresh_window().await?;
    let renewed = stage.answered(held.refreshing(), 200).await?;
    let after = renewed.must_give_cookie("__Host-refresh")?;
    renewed.expect(after.value != before.value, "a new token in the cookie")?;
    let named = format!("the name that the cookie had before, {}", before.name);
    renewed.expect(after.name == before.name, named)?;
    renewed.expect(after.scope() == before.scope(), "the attributes that the cookie had before")?;
    renewed.expect(renewed.text("refresh_token").is_none(), "no `refresh_token` in a browser's body")
}

async fn replay_in_window(stage: &Stage) -> Verdict {
    let parent = aged(stage).await?;
    let successor = rotated(stage, &parent).await?;
    for _ in 0..3 {
        let again = stage.refresh(&parent).await?;
        same_successor(&again, &successor, "the response may have been lost")?;
    }
    stage.refresh(&successor).await?.is_since(200, "a replay within the window ends nothing")
}

fn same_successor(again: &Exchange, successor: &Held, why: &str) -> Verdict {
    again.is_since(200, why)?;
    let same = again.text("refresh_token") == successor.refresh;
    again.expect(same, format!("the same successor as before, {:?}", successor.refresh))
}

/// Expects that the replay of `replayed` was detected and reported, and that the newest token is refused too.
async fn found_out(stage: &Stage, replayed: &Held, newest: &Held) -> Verdict {
    let answer = stage.refresh(replayed).await?;
    answer.refused(401, "refresh_reused", "this token was already exchanged for another one")?;
    let after = stage.refresh(newest).await?;
    after.refused_as(401, DEAD, "an older token of this family was used again, which ended the family")
}

async fn replay_after_window(stage: &Stage) -> Verdict {
    let parent = aged(stage).await?;
    let successor = rotated(stage, &parent).await?;
    stage.pass_refresh_window().await?;
    found_out(stage, &parent, &successor).await
}

async fn grandparent(stage: &Stage) -> Verdict {
    let first = aged(stage).await?;
    let second = rotated(stage, &first).await?;
    stage.pass_refresh_window().await?;
    let third = rotated(stage, &second).await?;
    found_out(stage, &first, &third).await
}

async fn reuse_spares_others(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let other = stage.log_in(&person).await?;
    stage.pass_refresh_window().await?;
    let successor = rotated(stage, &person.held).await?;
    stage.pass_refresh_window().await?;
    found_out(stage, &person.held, &successor).await?;
    stage.refresh(&other).await?.is_since(200, "this is another session of the account")
}

async fn idempotency_key(stage: &Stage) -> Verdict {
    let parent = aged(stage).await?;
    let key = Uuid::new_v4().to_string();
    let with = |key: &str| parent.refreshing().header("idempotency-key", key);
    let successor = stage.held_after(with(&key), 200).await.in_set_up()?;
    stage.pass_refresh_window().await?;
    let again = stage.send(with(&key)).await?;
    same_successor(&again, &successor, "the key is the same as in the first request")?;
    stage.pass_refresh_window().await?;
    let other = stage.send(with(&Uuid::new_v4().to_string())).await?;
    other.refused(401, "refresh_reused", "the key is not the one of the first request")
}

async fn parallel(stage: &Stage) -> Verdict {
    let held = aged(stage).await?;
    let answers = stage.send_all((0..32).map(|_| held.refreshing()).collect()).await?;
    let mut successors = BTreeSet::new();
    for answer in &answers {
        answer.is_since(200, "this is one of 32 concurrent requests with the right token")?;
        successors.insert(answer.text("refresh_token"));
    }
    for answer in &answers {
        let count = successors.len();
        answer.expect(count == 1, format!("one successor for all 32; there are {count}"))?;
    }
    let successor = Held { refresh: successors.into_iter().next().flatten(), ..held.clone() };
    let after = stage.refresh(&successor).await?;
    after.is_since(200, "this is the one successor")?;
    let one = successor.refresh != held.refresh;
    after.expect(one, "a successor other than the token that was sent, which was older than the window")
}
