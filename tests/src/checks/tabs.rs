//! Tabs of one browser: a late response must not end a session that was opened since.

use std::collections::BTreeMap;

use crate::{
    call::Call,
    check::{Check, RULE},
    descriptor::Feature,
    exchange::Exchange,
    outcome::Verdict,
    stage::{Stage, log_in},
};

const LATE: &str = "contract: cookies; RFC 6265bis §5.7";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "tabs.late-refresh",
        title: "a late response to one tab's refresh does not replace another tab's newer login",
        gains: "A late response to another tab logs out a user who has just logged in.",
        read: LATE,
        needs: &[Feature::Refresh, Feature::Rotation],
        moves_time: true,
        run: |stage| Box::pin(late_refresh(stage)),
        ..RULE
    },
    Check {
        id: "tabs.late-log-out",
        title: "a late response to one tab's logout does not end another tab's newer login",
        gains: "A late response to another tab logs out a user who has just logged in again.",
        read: LATE,
        needs: &[Feature::Refresh],
        run: |stage| Box::pin(late_log_out(stage)),
        ..RULE
    },
];

/// A browser's cookies: of two responses that set one cookie, the one that arrived last counts.
struct Jar(BTreeMap<String, String>);

impl Jar {
    fn of(pair: &str) -> Self {
        Self(
            pair.split_once('=')
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    /// Applies the cookies of a response.
    fn hear(&mut self, answer: &Exchange) {
        for cookie in answer.set_cookies() {
            if cookie.clears() {
                self.0.remove(&cookie.name);
            } else {
                self.0.insert(cookie.name, cookie.value);
            }
        }
    }

    fn on(&self, call: Call) -> Call {
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if pairs.is_empty() { call } else { call.own_cookie(&pairs.join("; ")) }
    }
}

async fn late_refresh(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let mut jar = Jar::of(person.held.cookie()?);
    stage.pass_refresh_window().await?;
    let late = stage.send(jar.on(Call::post("/auth/refresh"))).await?;
    late.is(200)?;
    let newer = stage.send(jar.on(log_in(&person.email, &person.password, "web"))).await?;
    newer.is(200)?;
    jar.hear(&newer);
    jar.hear(&late);
    still_logged_in(stage, &jar).await
}

async fn late_log_out(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let mut jar = Jar::of(person.held.cookie()?);
    let late = stage.send(jar.on(Call::post("/auth/logout"))).await?;
    late.is(204)?;
    let newer = stage.send(jar.on(log_in(&person.email, &person.password, "web"))).await?;
    newer.is(200)?;
    jar.hear(&newer);
    jar.hear(&late);
    still_logged_in(stage, &jar).await
}

/// Expects that the newer session can be refreshed; the login ended the earlier one, so it cannot be that.
async fn still_logged_in(stage: &Stage, jar: &Jar) -> Verdict {
    let next = stage.send(jar.on(Call::post("/auth/refresh"))).await?;
    next.is_since(200, "the browser has logged in, and the response to an older request arrived after that")?;
    Ok(())
}
