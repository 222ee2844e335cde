//! Cookies: their attributes, that an attacker cannot choose one, and who may clear one.

use serde_json::json;

use crate::{
    call::Call,
    check::{ATTACK, Check, RULE},
    descriptor::Feature,
    exchange::{Exchange, SetCookie},
    jwt,
    outcome::{Outcome, Verdict},
    stage::{Stage, fresh_email, fresh_password, log_in},
};

const SESSION: &str = "__Host-session";
const REFRESH: &str = "__Host-refresh";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "cookie.session-attributes",
        title: "__Host-session is Secure, HttpOnly, SameSite=Lax, Path=/ with a Max-Age and no Domain",
        gains: "A script on the page reads the cookie, or a sibling domain sets one.",
        read: "RFC 6265bis §4.1.3.2, OWASP Session Management Cheat Sheet: cookies",
        needs: &[Feature::SessionCookie],
        run: |stage| Box::pin(attributes(stage, SESSION, "lax")),
        ..ATTACK
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
        needs: &[Feature::SessionCookie],
        run: |stage| Box::pin(unguessable(stage)),
        ..ATTACK
    },
    Check {
        id: "cookie.fixation",
        title: "login and signup never adopt a session id that the client sent",
        gains: "Puts their own session id into the victim's browser, waits for the login, and is logged in too.",
        read: "OWASP WSTG-SESS-03, CWE-384",
        needs: &[Feature::SessionCookie],
        run: |stage| Box::pin(fixation(stage)),
        ..ATTACK
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
        needs: &[Feature::SessionCookie],
        run: |stage| Box::pin(every_character(stage)),
        ..ATTACK
    },
    Check {
        id: "cookie.name-exact",
        title: "a session id under another cookie name is ignored",
        gains: "A cookie without the __Host- prefix can be set by a sibling domain, or over plain HTTP.",
        read: "RFC 6265bis §4.1.3",
        needs: &[Feature::SessionCookie],
        run: |stage| Box::pin(name_exact(stage)),
        ..ATTACK
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
        needs: &[Feature::SessionCookie],
        run: |stage| Box::pin(id_not_bearer(stage)),
        ..ATTACK
    },
    Check {
        id: "cookie.id-nowhere-else",
        title: "the session id appears only in its cookie, not in a body, another header or a URL",
        gains: "Reads the session id with a script despite HttpOnly, or finds it in a log or a browser history.",
        read: "OWASP ASVS 14.2.1, OWASP Session Management Cheat Sheet: session id exposure",
        needs: &[Feature::SessionCookie],
        run: |stage| Box::pin(id_nowhere_else(stage)),
        ..ATTACK
    },
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

fn value(cookie: &str) -> &str {
    cookie.split_once('=').map_or(cookie, |(_, value)| value)
}

async fn web_log_in(stage: &Stage, name: &str) -> Result<(Exchange, SetCookie), Box<Outcome>> {
    let person = stage.sign_up_web().await?;
    let answer = stage.send(log_in(&person.email, &person.password, "web")).await?;
    answer.is(200)?;
    let cookie =
        answer.given_cookie(name).ok_or_else(|| answer.failed(format!("a Set-Cookie line for {name}")))?;
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
    answer.expect(age > 0, "a Max-Age above 0")?;
    Ok(())
}

async fn unguessable(stage: &Stage) -> Verdict {
    let (answer, first) = web_log_in(stage, SESSION).await?;
    let (_, second) = web_log_in(stage, SESSION).await?;
    // 22 characters of base64 contain 132 bits, 32 of hexadecimal contain 128.
    answer.expect(first.value.len() >= 22, "at least 22 characters, for 128 bits")?;
    let alike = first.value.bytes().zip(second.value.bytes()).filter(|(a, b)| a == b).count();
    let text = format!("an id unrelated to the next one, {}: {alike} characters are equal", second.value);
    answer.expect(alike * 2 < first.value.len(), text)?;
    Ok(())
}

async fn fixation(stage: &Stage) -> Verdict {
    let thief = stage.sign_up_web().await?;
    let chosen = format!("{SESSION}={}", value(thief.held.cookie()?));
    let invented = format!("{SESSION}={}", uuid::Uuid::new_v4().simple());
    let victim = stage.sign_up_web().await?;
    for planted in [&invented, &chosen] {
        let body = json!({"email": fresh_email(), "password": fresh_password(), "client": "web"});
        for call in [log_in(&victim.email, &victim.password, "web"), Call::post("/auth/signup").json(&body)] {
            let answer = stage.send(call.own_cookie(planted)).await?;
            answer.expect([200, 201].contains(&answer.status), "status 200 or 201")?;
            let given = answer.set_cookie(SESSION).map(|cookie| cookie.pair());
            let fresh = given.is_some_and(|given| &given != planted);
            answer.expect(fresh, "a new id in Set-Cookie, not the one that was sent")?;
            let me = stage.send(Call::get("/me").own_cookie(planted)).await?;
            let out = me.status == 401 || me.text("user_id").as_ref() == Some(&thief.held.user_id);
            me.expect(out, "status 401: the server did not issue this id for that login")?;
        }
    }
    Ok(())
}

async fn log_in_again(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let copied = person.held.cookie()?;
    let held = stage.log_in_on(&person, "web", Some(copied)).await?;
    let renewed = held.cookie.as_deref() != Some(copied);
    let me = stage.asks_for_session(&held).await?;
    me.is_since(200, "this is the newer session")?;
    me.expect(renewed, "a new cookie at the second login")?;
    let old = stage.asks_for_session(&person.held).await?;
    old.is_since(
        401,
        "the request of the second login contained this session's cookie, so the server ended this session",
    )?;
    Ok(())
}

async fn every_character(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let id = value(person.held.cookie()?).to_owned();
    let changed = (0..id.len())
        .step_by(1 + id.len() / 64)
        .filter_map(|index| jwt::flipped(&id, index, 1 << (index % 6)));
    // The last character's low bits may be padding; its highest bit never is.
    for other in changed.chain(jwt::flipped(&id, id.len() - 1, 32)) {
        let answer = stage.send(Call::get("/me").own_cookie(&format!("{SESSION}={other}"))).await?;
        answer.is_since(401, &format!("this is not the session's id, {id}"))?;
    }
    stage.me(&person.held).await?.is_since(200, "guesses do not end the session")?;
    Ok(())
}

async fn name_exact(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let id = value(person.held.cookie()?);
    for name in ["session", "__Secure-session", "__host-session", "__Host-Session", "id"] {
        let answer = stage.send(Call::get("/me").own_cookie(&format!("{name}={id}"))).await?;
        answer.is_since(401, &format!("`{name}` is not the session's cookie"))?;
    }
    Ok(())
}

async fn among_others(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let ours = person.held.cookie()?;
    let asking = || match stage.claims(Feature::Refresh) {
        true => Call::post("/auth/refresh").header("sec-fetch-site", "same-origin"),
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
        stage.send(call).await?.is_since(200, "the request contains the credential's cookie among others")?;
    }
    Ok(())
}

async fn id_not_bearer(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let answer = stage.send(Call::get("/me").bearer(value(person.held.cookie()?))).await?;
    answer.is_since(401, "a session id is accepted only in its cookie")?;
    Ok(())
}

async fn id_nowhere_else(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let answer = stage.send(log_in(&person.email, &person.password, "web")).await?;
    let held = stage.held(&answer)?;
    let id = value(held.cookie()?).to_owned();
    let gone = held.on(Call::post("/auth/logout"));
    let mut answers = vec![answer];
    let asking = [Call::get("/me"), Call::get("/auth/sessions"), Call::get("/nowhere"), Call::post("/me")];
    for call in asking.into_iter().map(|call| held.on(call)).chain([gone, held.on(Call::get("/me"))]) {
        answers.push(stage.send(call).await?);
    }
    for answer in answers {
        let in_body = String::from_utf8_lossy(&answer.body).contains(&id);
        answer.expect(!in_body, "a body without the session's id")?;
        let others = answer.headers.iter().filter(|(name, _)| name.as_str() != "set-cookie");
        let in_header =
            others.into_iter().any(|(_, text)| String::from_utf8_lossy(text.as_bytes()).contains(&id));
        answer.expect(!in_header, "no header but Set-Cookie with the session's id")?;
    }
    Ok(())
}

async fn refusal_clears_nothing(stage: &Stage) -> Verdict {
    let gone = stage.sign_up_web().await?;
    stage.log_out(&gone.held, "local").await?.is(204)?;
    for call in
        [gone.held.on(Call::get("/me")), Call::get("/me").own_cookie("__Host-session=AAAAAAAAAAAAAAAAAAAAAA")]
    {
        let answer = stage.send(call).await?;
        answer.is(401)?.expect(answer.set_cookies().is_empty(), "no Set-Cookie in a refusal")?;
    }
    Ok(())
}

fn cleared_as_set(answer: &Exchange, set: &SetCookie) -> Verdict {
    answer.is(204)?;
    let line = answer.set_cookie(&set.name);
    let line = line.ok_or_else(|| answer.failed(format!("a Set-Cookie line that clears {}", set.name)))?;
    answer.expect(line.clears(), "Max-Age=0")?;
    let same = line.scope() == set.scope();
    answer.expect(same, "the attributes that the cookie was set with: Secure, HttpOnly, SameSite, Path=/")?;
    Ok(())
}

fn cookie_name(stage: &Stage) -> &'static str {
    if stage.claims(Feature::SessionCookie) { SESSION } else { REFRESH }
}

async fn logout_clears(stage: &Stage) -> Verdict {
    let (_, set) = web_log_in(stage, cookie_name(stage)).await?;
    let answer = stage.send(Call::post("/auth/logout").own_cookie(&set.pair())).await?;
    cleared_as_set(&answer, &set)
}

async fn deletion_clears(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let answer = stage.send(log_in(&person.email, &person.password, "web")).await?;
    let name = cookie_name(stage);
    let set =
        answer.given_cookie(name).ok_or_else(|| answer.failed(format!("a Set-Cookie line for {name}")))?;
    let held = stage.held(&answer)?;
    let mut call = held.on(Call::post("/auth/account/delete").json(&json!({"password": person.password})));
    if held.access.is_some() {
        call = call.own_cookie(&set.pair());
    }
    cleared_as_set(&stage.send(call).await?, &set)
}
