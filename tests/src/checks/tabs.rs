//! Tabs of one browser: a late response must not end a session that was opened since.

use std::collections::BTreeMap;

use crate::{
    prelude::{Call, Check, Exchange, Feature, Person, RULE, Stage, TIMED_RULE, Verdict},
    requests::{log_out, refresh},
};

const LATE: &str = "contract: cookies; RFC 6265bis §5.7";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "tabs.late-refresh",
        title: "a late response to one tab's refresh does not replace another tab's newer login",
        gains: "A late response to another tab logs out a user who has just logged in.",
        read: LATE,
        needs: &[Feature::Refresh, Feature::Rotation],
        run: |stage| Box::pin(late_refresh(stage)),
        ..TIMED_RULE
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
        let pair = pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self(pair.into_iter().collect())
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
    stage.pass_refresh_window().await?;
    newer_login_survives(stage, &person, refresh(), 200).await
}

async fn late_log_out(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    newer_login_survives(stage, &person, log_out(), 204).await
}

/// Sends a request and logs in again, before the response to the request arrives in the browser.
async fn newer_login_survives(stage: &Stage, person: &Person, older: Call, status: u16) -> Verdict {
    let mut jar = Jar::of(person.held.cookie()?);
    let late = stage.answered(jar.on(older), status).await?;
    let newer = stage.answered(jar.on(person.logging_in("web")), 200).await?;
    jar.hear(&newer);
    jar.hear(&late);
    // The login ended the earlier session, so it cannot be that one which is refreshed.
    let next = stage.send(jar.on(refresh())).await?;
    next.is_since(200, "the browser has logged in, and the response to an older request arrived after that")
}
