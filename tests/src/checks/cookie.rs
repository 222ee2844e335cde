//! Cookies: their attributes, and that an attacker can neither choose nor guess one.

pub(super) mod clearing;

use crate::{
    jwt,
    prelude::{
        ATTACK, Call, Check, Exchange, Feature, Held, RULE, Stage, Verdict, fresh_email, fresh_password,
    },
    requests::{log_out, refresh, sign_up_on},
    set_cookie::SetCookie,
};

const SESSION_ATTACK: Check = Check { needs: &[Feature::SessionCookie], ..ATTACK };
const SESSION: &str = "__Host-session";
const REFRESH: &str = "__Host-refresh";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "cookie.session-attributes",
        title: "__Host-session is Secure, HttpOnly, SameSite=Lax, Path=/ with a Max-Age and no Domain",
        gains: "A script on the page reads the cookie, or a sibling domain sets one.",
        read: "RFC 6265bis §4.1.3.2, OWASP Session Management Cheat Sheet: cookies",
        run: |stage| Box::pin(attributes(stage, SESSION, "lax")),
        ..SESSION_ATTACK
    },
    Check {
        id: "cookie.refresh-attributes",
        title: "__Host-refresh is Secure, HttpOnly, SameSite=Strict, Path=/ with a Max-Age and no Domain",
        gains: "A script on the page reads a token that is valid for 30 days.",
        read: "RFC 6265bis §4.1.3.2, OWASP Session Management Cheat Sheet: cookies",
        needs: &[Feature::Refresh],
        run: |stage| Box::pin(attributes(stage, REFRESH, "strict")),
        ..ATTACK
    },
    Check {
        id: "cookie.unguessable",
        title: "the cookies of two sessions are unrelated, and have at least 128 bits",
        gains: "Counts up from their own session id to those of other users.",
        read: "OWASP ASVS 7.2.3, CWE-331",
        run: |stage| Box::pin(unguessable(stage)),
        ..SESSION_ATTACK
    },
    Check {
        id: "cookie.fixation",
        title: "login and signup never adopt a session id that the client sent",
        gains: "Puts their own session id into the victim's browser, waits for the login, and is logged in too.",
        read: "OWASP WSTG-SESS-03, CWE-384",
        run: |stage| Box::pin(fixation(stage)),
        ..SESSION_ATTACK
    },
    Check {
        id: "cookie.log-in-again",
        title: "a second login gives a new id and ends the session whose cookie the request contained",
        gains: "Uses a cookie that was copied before the second login.",
        read: "OWASP ASVS 7.2.4, CWE-384",
        needs_any: &[Feature::SessionCookie, Feature::Refresh],
        run: |stage| Box::pin(log_in_again(stage)),
        ..ATTACK
    },
    Check {
        id: "cookie.every-character",
        title: "a session cookie with any one character changed is refused",
        gains: "Guesses the id in parts, because the server does not compare all of it.",
        read: "OWASP WSTG-SESS-01",
        run: |stage| Box::pin(every_character(stage)),
        ..SESSION_ATTACK
    },
    Check {
        id: "cookie.name-exact",
        title: "a session id under another cookie name is ignored",
        gains: "A cookie without the __Host- prefix can be set by a sibling domain, or over plain HTTP.",
        read: "RFC 6265bis §4.1.3",
        run: |stage| Box::pin(name_exact(stage)),
        ..SESSION_ATTACK
    },
    Check {
        id: "cookie.among-others",
        title: "the server finds the credential's cookie among other cookies, whatever their values",
        gains: "A script on the site sets `visitor=José`, and the server finds no session any more: not even to log the user out.",
        read: "RFC 6265bis §5.8.3, RFC 9113 §8.2.3",
        needs_any: &[Feature::SessionCookie, Feature::Refresh],
        run: |stage| Box::pin(among_others(stage)),
        ..RULE
    },
    Check {
        id: "cookie.id-not-bearer",
        title: "a session id is refused as a bearer token",
        gains: "Uses a session id without the cookie flags that protect it.",
        read: "contract: credentials",
        run: |stage| Box::pin(id_not_bearer(stage)),
        ..SESSION_ATTACK
    },
    Check {
        id: "cookie.id-nowhere-else",
        title: "the session id appears only in its cookie, not in a body, another header or a URL",
        gains: "Reads the session id with a script despite HttpOnly, or finds it in a log or a browser history.",
        read: "OWASP ASVS 14.2.1, OWASP Session Management Cheat Sheet: session id exposure",
        run: |stage| Box::pin(id_nowhere_else(stage)),
        ..SESSION_ATTACK
    },
];

async fn web_log_in(stage: &Stage, name: &str) -> Verdict<(Exchange, SetCookie)> {
    let person = stage.sign_up_web().await?;
    let answer = stage.set_up(person.logging_in("web"), 200).await?;
    let cookie = answer.must_give_cookie(name)?;
    Ok((answer, cookie))
}

async fn attributes(stage: &Stage, name: &str, same_site: &str) -> Verdict {
    let (answer, cookie) = web_log_in(stage, name).await?;
    let has = |flag: &str| cookie.attribute(flag).is_some();
    answer.expect(has("secure"), "the flag Secure")?;
    answer.expect(has("httponly"), "the flag HttpOnly")?;
    let site = cookie.attribute("samesite").unwrap_or_default().to_ascii_lowercase();
    answer.expect(site == same_site, format!("SameSite={same_site}"))?;
    answer.expect(cookie.attribute("path") == Some("/"), "Path=/")?;
    answer.expect(!has("domain"), "no Domain")?;
    let age = cookie.attribute("max-age").and_then(|age| age.parse::<u64>().ok()).unwrap_or_default();
    answer.expect(age > 0, "a Max-Age above 0")
}

async fn unguessable(stage: &Stage) -> Verdict {
    let (answer, first) = web_log_in(stage, SESSION).await?;
    let (_, second) = web_log_in(stage, SESSION).await?;
    // 22 characters of base64 contain 132 bits, 32 of hexadecimal contain 128.
    answer.expect(first.value.len() >= 22, "at least 22 characters, for 128 bits")?;
    let alike = first.value.bytes().zip(second.value.bytes()).filter(|(a, b)| a == b).count();
    let text = format!("an id unrelated to the next one, {}: {alike} characters are equal", second.value);
    answer.expect(alike * 2 < first.value.len(), text)
}

async fn fixation(stage: &Stage) -> Verdict {
    let thief = stage.sign_up_web().await?;
    let chosen = format!("{SESSION}={}", thief.held.cookie_value()?);
    let invented = format!("{SESSION}={}", uuid::Uuid::new_v4().simple());
    let victim = stage.sign_up_web().await?;
    for planted in [&invented, &chosen] {
        let new = sign_up_on("web", &fresh_email(), &fresh_password());
        for call in [victim.logging_in("web"), new] {
            let answer = stage.send(call.own_cookie(planted)).await?;
            answer.is_one_of(&[200, 201], "status 200 or 201")?;
            let given = answer.set_cookie(SESSION).map(|cookie| cookie.pair());
            let fresh = given.is_some_and(|given| &given != planted);
            answer.expect(fresh, "a new id in Set-Cookie, not the one that was sent")?;
            let me = stage.send(Call::get("/me").own_cookie(planted)).await?;
            let out = me.status == 401 || me.has("user_id", &thief.held.user_id);
            me.expect(out, "status 401: the server did not issue this id for that login")?;
        }
    }
    Ok(())
}

async fn log_in_again(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let copied = person.held.cookie()?;
    let held = stage.held_after(person.logging_in("web").own_cookie(copied), 200).await?;
    let me = stage.asks_for_session(&held).await?;
    me.is_since(200, "this is the newer session")?;
    me.expect(held.cookie.as_deref() != Some(copied), "a new cookie at the second login")?;
    let why =
        "the request of the second login contained this session's cookie, so the server ended this session";
    stage.expect_no_session(&person.held, why).await
}

async fn every_character(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let id = person.held.cookie_value()?.to_owned();
    let changed = (0..id.len())
        .step_by(1 + id.len() / 64)
        .filter_map(|index| jwt::flipped(&id, index, 1 << (index % 6)));
    // The last character's low bits may be padding; its highest bit never is.
    for other in changed.chain(jwt::flipped(&id, id.len() - 1, 32)) {
        let call = Call::get("/me").own_cookie(&format!("{SESSION}={other}"));
        stage.expect_status(call, 401, &format!("this is not the session's id, {id}")).await?;
    }
    stage.me(&person.held).await?.is_since(200, "guesses do not end the session")
}

async fn name_exact(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let id = person.held.cookie_value()?;
    for name in ["session", "__Secure-session", "__host-session", "__Host-Session", "id"] {
        let call = Call::get("/me").own_cookie(&format!("{name}={id}"));
        stage.expect_status(call, 401, &format!("`{name}` is not the session's cookie")).await?;
    }
    Ok(())
}

async fn among_others(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let ours = person.held.cookie()?;
    let asking = || match stage.claims(Feature::Refresh) {
        true => refresh().header("sec-fetch-site", "same-origin"),
        false => Call::get("/me"),
    };
    for among in [
        vec![format!("{ours}; visitor=José")],
        vec![format!("visitor=José; {ours}")],
        vec![format!("; ;=;visitor;=x;a=\"b;{ours}; \u{540d}\u{524d}=\u{5024}")],
        vec!["visitor=José".to_owned(), ours.to_owned()],
        vec![ours.to_owned(), "a=1".to_owned()],
    ] {
        let call = among.iter().fold(asking(), |call, line| call.header("cookie", line));
        stage.expect_status(call, 200, "the request contains the credential's cookie among others").await?;
    }
    Ok(())
}

async fn id_not_bearer(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let call = Call::get("/me").bearer(person.held.cookie_value()?);
    stage.expect_status(call, 401, "a session id is accepted only in its cookie").await
}

async fn id_nowhere_else(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let answer = stage.send(person.logging_in("web")).await?;
    let held = Held::from_answer(&answer)?;
    let id = held.cookie_value()?.to_owned();
    let gone = held.on(log_out());
    let mut answers = vec![answer];
    let asking = [Call::get("/me"), Call::get("/auth/sessions"), Call::get("/nowhere"), Call::post("/me")];
    for call in asking.into_iter().map(|call| held.on(call)).chain([gone, held.on(Call::get("/me"))]) {
        answers.push(stage.send(call).await?);
    }
    for answer in answers {
        let in_body = answer.body_text().contains(&id);
        answer.expect(!in_body, "a body without the session's id")?;
        let others = answer.headers.iter().filter(|(name, _)| name.as_str() != "set-cookie");
        let in_header =
            others.into_iter().any(|(_, text)| String::from_utf8_lossy(text.as_bytes()).contains(&id));
        answer.expect(!in_header, "no header but Set-Cookie with the session's id")?;
    }
    Ok(())
}
