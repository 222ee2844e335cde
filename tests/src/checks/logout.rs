//! Logout: what it ends, which documented weakness remains after it, and that it never fails.

pub(super) mod race;
pub(super) mod scopes;

use serde_json::json;

use crate::{
    prelude::{ATTACK, Call, Check, Feature, Person, RULE, SetUp, Stage, Verdict, fresh_password},
    requests::{USELESS, change_password, delete_account_by_post, log_out, log_out_with},
};

const COOKIES: &[Feature] = &[Feature::SessionCookie, Feature::Refresh];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "logout.credential-dead",
        title: "after logout the credential is refused at once",
        gains: "Continues to use a copied credential after the user has logged out.",
        read: "OWASP WSTG-SESS-06, OWASP ASVS 7.4.1",
        needs: &[Feature::InstantRevocation],
        run: |stage| Box::pin(credential_dead(stage)),
        ..ATTACK
    },
    Check {
        id: "logout.every-ending-is-instant",
        title: "after all sessions have ended (logout everywhere, new password, account deletion), /me refuses them at once",
        gains: "Continues to use a copied credential after the user has changed the password.",
        read: "OWASP ASVS 7.4.3",
        needs: &[Feature::InstantRevocation, Feature::Scopes],
        run: |stage| Box::pin(every_ending_is_instant(stage)),
        ..ATTACK
    },
    Check {
        id: "logout.access-lives-on",
        title: "the documented weakness: after logout the access token still works for /me",
        gains: "Continues to use a copied access token until it expires. By design: this is the logout problem.",
        read: "RFC 7009 §3, contract: descriptor",
        needs: &[Feature::AccessJwt],
        unless: &[Feature::InstantRevocation],
        run: |stage| Box::pin(access_lives_on(stage)),
        weakness: true,
        ..RULE
    },
    Check {
        id: "logout.refresh-dead",
        title: "after logout the refresh token is refused at once, however the logout was requested",
        gains: "Renews a copied refresh token for 30 days after the user has logged out.",
        read: "RFC 9700 §4.14.2, OWASP WSTG-SESS-06",
        needs: &[Feature::Refresh],
        run: |stage| Box::pin(refresh_dead(stage)),
        ..ATTACK
    },
    Check {
        id: "logout.any-state",
        title: "a local logout is 204 without a credential, with garbage, and the second time",
        gains: "A page that cannot log out keeps its credential.",
        read: "contract: the flows",
        run: |stage| Box::pin(any_state(stage)),
        ..RULE
    },
    Check {
        id: "logout.any-authorization",
        title: "a logout by cookie ends the session, whatever the Authorization header contains",
        gains: "A page that sends `Bearer undefined` gets 204 for its logout, but the session continues.",
        read: "contract: which credential counts",
        needs_any: COOKIES,
        run: |stage| Box::pin(any_authorization(stage)),
        ..RULE
    },
];

async fn credential_dead(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    stage.me(&person.held).await?.is(200).in_set_up()?;
    stage.log_out(&person.held, "local").await?.is(204).in_set_up()?;
    stage.me(&person.held).await?.refused(401, "invalid_token", "the user has logged out")
}

/// A request that ends all sessions of a user.
type Ending = fn(&Person) -> Call;

async fn every_ending_is_instant(stage: &Stage) -> Verdict {
    let endings: [(Ending, &str); 3] = [
        (|_| log_out_with(&json!({"scope": "global"})), "logged out everywhere"),
        (|person| change_password(&person.password, &fresh_password()), "changed the password"),
        (|person| delete_account_by_post(&person.password), "deleted the account"),
    ];
    for (ending, what) in endings {
        let person = stage.sign_up_web().await?;
        let other = stage.log_in(&person).await?;
        stage.me(&other).await?.is(200).in_set_up()?;
        let answer = stage.send(person.held.on(ending(&person))).await?;
        if !answer.is_success() {
            answer.is_since(204, &format!("the user has {what}")).in_set_up()?;
        }
        for ended in [&person.held, &other] {
            let why = format!("the user has {what}, and the server claims that this takes effect at once");
            stage.me(ended).await?.is_since(401, &why)?;
        }
    }
    Ok(())
}

async fn access_lives_on(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    stage.log_out(&person.held, "local").await?.is(204).in_set_up()?;
    let me = stage.me(&person.held).await?;
    me.is_since(200, "the server does not look the token up, so it works until its exp, as the design says")
}

async fn refresh_dead(stage: &Stage) -> Verdict {
    let (bearer, body, web) = (stage.sign_up().await?, stage.sign_up().await?, stage.sign_up_web().await?);
    let by_bearer = log_out().bearer(bearer.held.access()?);
    let by_body = log_out_with(&json!({"refresh_token": body.held.refresh()?}));
    let by_cookie = log_out().own_cookie(web.held.cookie()?);
    for (person, call) in [(bearer, by_bearer), (body, by_body), (web, by_cookie)] {
        stage.set_up(call, 204).await?;
        stage.refresh(&person.held).await?.refused(401, "refresh_ended", "the user has logged out")?;
    }
    Ok(())
}

async fn any_state(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    stage.log_out(&person.held, "local").await?.is(204)?;
    let mut calls = vec![
        (log_out(), "no credential was sent"),
        (log_out_with(&json!({})), "an empty object was sent"),
        (log_out().bearer("garbage"), "garbage was sent"),
        (person.held.on(log_out()), "the credential is logged out already"),
        (log_out().own_cookie("__Host-session=garbage"), "the cookie is garbage"),
    ];
    if stage.claims(Feature::Refresh) {
        let with_token = |token: &str| log_out_with(&json!({"refresh_token": token}));
        calls.extend([
            (with_token("garbage"), "the refresh token is garbage"),
            (with_token(person.held.refresh()?), "the refresh token has ended already"),
            (log_out().own_cookie("__Host-refresh=garbage"), "the cookie is garbage"),
        ]);
    }
    for (call, what) in calls {
        stage.expect_status(call, 204, &format!("{what}, and a local logout succeeds anyway")).await?;
    }
    Ok(())
}

async fn any_authorization(stage: &Stage) -> Verdict {
    for useless in USELESS {
        let person = stage.sign_up_web().await?;
        let call = log_out().own_cookie(person.held.cookie()?);
        stage.send(call.header("authorization", useless)).await?.is(204)?;
        let why = format!("its cookie was logged out, in a request with `Authorization: {useless}`");
        stage.expect_no_session(&person.held, &why).await?;
    }
    Ok(())
}
