//! Who may clear a cookie, and how.

use super::{REFRESH, SESSION, web_log_in};
use crate::{
    prelude::{Call, Check, Exchange, Feature, Held, RULE, SetUp, Stage, Verdict},
    requests::{delete_account_by_post, log_out},
    set_cookie::SetCookie,
};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "cookie.refusal-clears-nothing",
        title: "only logout and account deletion clear a cookie; a refusal does not",
        gains: "A late refusal deletes the cookie of a newer login, and the user is logged out.",
        read: "contract: credentials",
        needs: &[Feature::SessionCookie],
        run: |stage| Box::pin(refusal_clears_nothing(stage)),
        ..RULE
    },
    Check {
        id: "cookie.logout-clears",
        title: "logout clears the cookie with the attributes that it was set with",
        gains: "A browser ignores a line that clears a __Host- cookie without Secure or Path=/: the cookie survives the logout.",
        read: "RFC 6265bis §5.7, §4.1.3.2",
        needs_any: &[Feature::SessionCookie, Feature::Refresh],
        run: |stage| Box::pin(logout_clears(stage)),
        ..RULE
    },
    Check {
        id: "cookie.deletion-clears",
        title: "deleting the account clears the cookie with the attributes that it was set with",
        gains: "The browser continues to send a credential that no longer works.",
        read: "RFC 6265bis §5.7, §4.1.3.2",
        needs_any: &[Feature::SessionCookie, Feature::Refresh],
        run: |stage| Box::pin(deletion_clears(stage)),
        ..RULE
    },
];

async fn refusal_clears_nothing(stage: &Stage) -> Verdict {
    let gone = stage.sign_up_web().await?;
    stage.log_out(&gone.held, "local").await?.is(204).in_set_up()?;
    let garbage = Call::get("/me").own_cookie("__Host-session=AAAAAAAAAAAAAAAAAAAAAA");
    for call in [gone.held.on(Call::get("/me")), garbage] {
        let answer = stage.answered(call, 401).await?;
        answer.expect(answer.set_cookies().is_empty(), "no Set-Cookie in a refusal")?;
    }
    Ok(())
}

fn cleared_as_set(answer: &Exchange, set: &SetCookie) -> Verdict {
    answer.is(204)?;
    let line = answer.set_cookie(&set.name);
    let line = line.ok_or_else(|| answer.failed(format!("a Set-Cookie line that clears {}", set.name)))?;
    answer.expect(line.clears(), "Max-Age=0")?;
    let same = line.scope() == set.scope();
    answer.expect(same, "the attributes that the cookie was set with: Secure, HttpOnly, SameSite, Path=/")
}

fn cookie_name(stage: &Stage) -> &'static str {
    if stage.claims(Feature::SessionCookie) { SESSION } else { REFRESH }
}

async fn logout_clears(stage: &Stage) -> Verdict {
    let (_, set) = web_log_in(stage, cookie_name(stage)).await?;
    let answer = stage.send(log_out().own_cookie(&set.pair())).await?;
    cleared_as_set(&answer, &set)
}

async fn deletion_clears(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let answer = stage.send(person.logging_in("web")).await?;
    let set = answer.must_give_cookie(cookie_name(stage))?;
    let held = Held::from_answer(&answer)?;
    let mut call = held.on(delete_account_by_post(&person.password));
    if held.access.is_some() {
        call = call.own_cookie(&set.pair());
    }
    cleared_as_set(&stage.send(call).await?, &set)
}
