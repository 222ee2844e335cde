//! The model's refresh endpoint: delivery, rotation, reuse.

use serde_json::{Value, json};

use conformance::Design;

use super::model::{Account, Model, WINDOW};
use super::wire::{Ask, Reply};

impl Model {
    pub(crate) fn refresh(&mut self, ask: &Ask, body: &Value) -> Reply {
        let shown = body.get("refresh_token").and_then(Value::as_str).map(str::to_owned);
        let hidden = self.is("authorization-hides-refresh-token") && ask.header("authorization").is_some();
        let cookie = self.refresh_cookie(ask).filter(|_| !hidden);
        if shown.is_some() && cookie.is_some() && !self.is("both-tokens-taken") {
            return Reply::problem(400, "malformed");
        }
        let in_query = ask.query("refresh_token").filter(|_| self.is("refresh-token-in-query"));
        let by_cookie = shown.is_none() && cookie.is_some() && in_query.is_none();
        if by_cookie && let Some(refusal) = self.forged_cookie(ask) {
            return refusal;
        }
        let Some(token) = shown.or(cookie).or(in_query) else {
            let bearer = ask
                .bearer()
                .and_then(|token| self.claims_of(&token))
                .filter(|_| self.is("refresh-by-access"));
            return match bearer {
                Some(claims) => Reply::new(200, json!({"user_id": claims["sub"], "access_token": "x"})),
                None => Reply::problem(401, "unauthenticated"),
            };
        };
        let reply = self.exchanged(ask, &token, by_cookie);
        if self.is("refused-refresh-clears") && reply.status == 401 {
            return reply
                .with("set-cookie", "__Host-refresh=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
        }
        reply
    }

    fn exchanged(&mut self, ask: &Ask, token: &str, by_cookie: bool) -> Reply {
        let invalid = Reply::problem(401, "refresh_invalid");
        if self.is("short-garbage-is-422") && token.len() < 5 {
            return Reply::problem(422, "invalid");
        }
        let key = ask.header("idempotency-key");
        if key.as_ref().is_some_and(|key| key.len() > 64) && !self.is("idempotency-key-unbounded") {
            return Reply::problem(400, "malformed");
        }
        let by_access = self.claims_of(token).filter(|_| self.is("access-token-refreshes"));
        let found = match by_access {
            Some(claims) => claims["sid"].as_str().map(str::to_owned),
            None => self.session_of(token),
        };
        let Some(sid) = found else {
            if self.is("garbage-ends-session") {
                let named = self
                    .sessions
                    .keys()
                    .find(|sid| token.get(4..20) == self.sid_part(sid).get(..16))
                    .cloned();
                named.iter().for_each(|sid| self.end(sid, "refresh_ended"));
            }
            return invalid;
        };
        let session = self.sessions[&sid].clone();
        if (session.client == "web") != by_cookie && !self.is("any-delivery") {
            return invalid;
        }
        if let Some(why) = session.ended {
            return Reply::problem(401, why);
        }
        if self.expired(&session) {
            return Reply::problem(401, "refresh_expired");
        }
        let newest = session.tokens.len() - 1;
        let place = session.tokens.iter().position(|known| known == token).unwrap_or(newest);
        let young = self.now() - session.rotated < WINDOW;
        let same_attempt = key.is_some() && (session.attempt == key || self.is("any-idempotency-key"));
        let stale_once = self.is("rotates-once") && newest > 0;
        if place == newest && (young || stale_once) {
            return self.renewed(ask, &sid, self.is("kept-cookie-set-again"));
        }
        if place == newest {
            let part = self.sid_part(&sid);
            let next = format!("rt1.{part}{}", self.random());
            let now = self.now();
            let moves = self.is("absolute-moved");
            let held = self.sessions.get_mut(&sid).unwrap();
            held.tokens.push(next);
            held.rotated = now;
            held.attempt = key;
            if moves {
                held.created = now;
            }
            return self.renewed(ask, &sid, true);
        }
        if place + 1 == newest && (young || same_attempt) && !self.is("replay-is-reuse") {
            return self.renewed(ask, &sid, true);
        }
        self.reused(&sid, &session.user, place + 1 < newest && young)
    }

    fn reused(&mut self, sid: &str, user: &str, ancestor_in_window: bool) -> Reply {
        if self.is("grandparent-unnoticed") && ancestor_in_window {
            return Reply::problem(401, "refresh_invalid");
        }
        if self.is("reuse-ends-all") {
            self.end_user(user, None);
        }
        if !self.is("reuse-ends-nothing") {
            self.end(sid, "refresh_reused");
        }
        Reply::problem(401, "refresh_reused")
    }

    fn renewed(&mut self, ask: &Ask, sid: &str, set_cookie: bool) -> Reply {
        let now = self.now();
        if !self.is("idle-not-renewed") {
            self.sessions.get_mut(sid).unwrap().seen = now;
        }
        let user = match ask
            .bearer()
            .and_then(|token| self.claims_of(&token))
            .filter(|_| self.is("bearer-chooses-user"))
        {
            Some(claims) => claims["sub"].as_str().unwrap_or_default().to_owned(),
            None => self.sessions[sid].user.clone(),
        };
        let Some((_, account)) = self.account_of(&user) else { return Reply::problem(401, "refresh_ended") };
        let mut reply = self.credentials(&account, sid, 200);
        if !set_cookie {
            reply.headers.retain(|(name, _)| *name != "set-cookie");
        } else if self.is("rotated-cookie-insecure") {
            reply.headers.iter_mut().for_each(|(_, value)| *value = value.replace(" Secure;", ""));
        }
        if self.is("refresh-renames-session") {
            reply.body["session_id"] = json!("another");
        }
        reply
    }

    /// The response to a login or a refresh.
    pub(crate) fn credentials(&mut self, account: &Account, sid: &str, status: u16) -> Reply {
        let session = self.sessions[sid].clone();
        let token = session.tokens.last().cloned().unwrap_or_default();
        let web = session.client == "web";
        let mut body = json!({"user_id": account.user, "email": account.shown});
        if self.design != Design::Session {
            let email = if self.is("log-in-forgets-address") && status == 200 { "" } else { &account.shown };
            let access = self.issue_access(&account.user, email, sid, 0);
            let kind = if self.is("token-type-mac") { "MAC" } else { "Bearer" };
            let lasts = self.lifetime(sid);
            body = json!({"token_type": kind, "access_token": access, "expires_in": lasts, "user_id": account.user});
        }
        if self.design == Design::Hybrid {
            body["session_id"] = json!(sid);
            body["refresh_expires_in"] = json!(1_209_600);
            if !web {
                body["refresh_token"] = json!(token);
            }
            if self.is("web-body-has-token") && web {
                body["renewal"] = json!(token);
            }
            if self.is("mobile-without-expiry") && !web {
                body.as_object_mut().unwrap().remove("refresh_expires_in");
            }
        }
        let reply = Reply::new(status, body);
        if self.design == Design::Session || (self.design == Design::Hybrid && web) {
            return reply.with(
                "set-cookie",
                format!("{}={token}; {}; Max-Age=1209600", self.cookie_name_of(sid), self.flags()),
            );
        }
        reply
    }

    pub(crate) fn flags(&self) -> String {
        let site = match self.design {
            Design::Session => "Lax",
            _ if self.is("refresh-cookie-lax") => "Lax",
            _ => "Strict",
        };
        let hidden = if self.is("session-cookie-readable") { "" } else { " HttpOnly;" };
        format!("Path=/; Secure;{hidden} SameSite={site}")
    }
}
