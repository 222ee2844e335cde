//! The model's endpoints: the behaviour that the contract requires, and the faults that replace it.

use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use conformance::Design;

use super::model::{Account, Model};
use super::wire::{Ask, Reply};

/// The authenticated caller: the account, and the session if there is one.
struct Caller {
    user: String,
    sid: Option<String>,
    email: Option<String>,
}

pub(crate) fn normal(email: &str) -> String {
    match email.trim().split_once('@') {
        Some((local, domain)) => {
            let labels = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_lowercase());
            format!("{local}@{labels}")
        }
        None => email.trim().to_owned(),
    }
}

/// Whether the password is in a short list, which is enough for the model.
fn is_common(password: &str) -> bool {
    ["passwordpassword", "123456789123456789", "12345678901234567890"].contains(&password)
}

fn invalid(member: &str) -> Reply {
    let mut reply = Reply::problem(422, "invalid");
    reply.body["errors"] = json!([{"pointer": format!("/{member}"), "detail": "This is not well-formed."}]);
    reply
}

impl Model {
    pub(crate) fn answer(&mut self, ask: &Ask) -> Reply {
        let reply = match self.preflight(ask) {
            Some(reply) => reply,
            None => self.understood(ask),
        };
        self.readable(ask, reply)
    }

    fn understood(&mut self, ask: &Ask) -> Reply {
        let (hosts, are_hosts) = ask.hosts();
        let refused = match hosts {
            0 => !self.is("no-host-taken"),
            1 => !are_hosts && !self.is("odd-host-taken"),
            _ => !self.is("two-hosts-taken"),
        };
        if refused {
            return Reply::problem(400, "malformed");
        }
        let two = ask.parts.headers.get_all("authorization").iter().count() > 1;
        if two && !self.is("first-authorization-wins") {
            return Reply::problem(400, "malformed");
        }
        let bound = if self.is("bound-off-by-one") { 16_385 } else { 16_384 };
        let announced = ask.length_announced || !self.is("only-announced-length-bounded");
        let read = self.is("megabytes-read") && ask.body.len() > 1 << 19;
        if ask.body.len() > bound && announced && !read {
            return Reply::problem(413, "too_large");
        }
        let body = match self.body(ask) {
            Ok(body) => body,
            Err(refusal) => return refusal,
        };
        self.routed(ask, &body)
    }

    fn body(&self, ask: &Ask) -> Result<Value, Reply> {
        let kind = ask.header("content-type").unwrap_or_default().to_lowercase();
        let json = kind.split(';').next() == Some("application/json");
        if ask.body.is_empty() {
            let strict = self.is("empty-body-needs-json") && kind == "text/plain";
            return if strict { Err(Reply::problem(415, "unsupported_media_type")) } else { Ok(json!({})) };
        }
        let form = self.is("forms-taken") && kind == "application/x-www-form-urlencoded";
        let plain = self.is("text-plain-unguarded") && kind == "text/plain" && ask.path() == "/auth/logout";
        if !json && !form && !plain {
            return Err(Reply::problem(415, "unsupported_media_type"));
        }
        let whole = serde_json::from_slice::<Value>(&ask.body);
        let first = serde_json::Deserializer::from_slice(&ask.body).into_iter::<Value>().next();
        match (whole, first) {
            (Ok(body), _) if body.is_object() => Ok(body),
            (Ok(_), _) => Err(Reply::problem(422, "invalid")),
            (Err(_), Some(Ok(body))) if self.is("trailing-text-ignored") => Ok(body),
            (Err(_), _) => Err(Reply::problem(400, "malformed")),
        }
    }

    fn routed(&mut self, ask: &Ask, body: &Value) -> Reply {
        let method = if ask.method() == "HEAD" && !self.is("no-head") { "GET" } else { ask.method() };
        let path = ask.path();
        let allowed: &[&str] = match path {
            "/lab" | "/health/live" | "/health/ready" | "/me" | "/auth/sessions" => &["GET"],
            "/lab/clock" => &["GET", "POST"],
            "/auth/signup" | "/auth/login" | "/auth/logout" | "/auth/password" | "/auth/account/delete" => {
                &["POST"]
            }
            "/auth/refresh" if self.design == Design::Hybrid => &["POST"],
            "/auth/account" => &["DELETE"],
            _ if path.starts_with("/auth/sessions/") => &["DELETE"],
            _ => &[],
        };
        if allowed.is_empty() {
            return Reply::problem(404, "not_found");
        }
        if !allowed.contains(&method) {
            let refusal = Reply::problem(405, "method_not_allowed");
            return if self.is("no-allow") { refusal } else { refusal.with("allow", allowed.join(", ")) };
        }
        match path {
            "/lab" => self.lab(),
            "/lab/clock" => self.clock(ask, body),
            "/health/live" => {
                Reply::new(if self.is("live-fails") { 503 } else { 200 }, json!({"status": "ok"}))
            }
            "/health/ready" => {
                Reply::new(if self.is("ready-fails") { 503 } else { 200 }, json!({"status": "ok"}))
            }
            "/me" => self.me(ask),
            "/auth/signup" => self.sign_up(ask, body),
            "/auth/login" => self.log_in(ask, body),
            "/auth/logout" => self.log_out(ask, body),
            "/auth/refresh" => self.refresh(ask, body),
            "/auth/password" => self.password(ask, body),
            "/auth/account" | "/auth/account/delete" => self.delete(ask, body),
            "/auth/sessions" => self.list(ask),
            _ => self.end_one(ask),
        }
    }

    /// The refusal of a request that is authenticated only by a cookie and does not come from the server's own page.
    pub(crate) fn forged(&self, ask: &Ask) -> Option<Reply> {
        if ask.header("authorization").is_some() { None } else { self.forged_cookie(ask) }
    }

    /// Like [`Model::forged`], when the cookie decides and `Authorization` is ignored.
    pub(crate) fn forged_cookie(&self, ask: &Ask) -> Option<Reply> {
        let refusal = Some(Reply::problem(403, "csrf"));
        ask.header("cookie")?;
        if self.is("text-plain-unguarded") && ask.header("content-type").as_deref() == Some("text/plain") {
            return None;
        }
        let (site, origin) = (ask.header("sec-fetch-site"), ask.header("origin"));
        let own = origin.as_deref() == Some(&self.origin);
        let listed = origin.as_deref().is_some_and(|origin| self.lists(origin));
        let right = match (site.as_deref(), origin.as_deref()) {
            (Some("same-origin"), _) => true,
            (Some("same-site"), _) => {
                (listed && !self.is("listed-sibling-refused")) || self.is("same-site-trusted")
            }
            (Some(_), _) => own && self.is("origin-beats-fetch-site"),
            (None, Some("null")) => self.is("null-origin-trusted"),
            (None, Some(origin)) => {
                let host = ask.header("host").unwrap_or_default();
                (own && !self.is("own-origin-refused"))
                    || (self.is("origin-by-prefix") && origin.starts_with(&self.origin))
                    || (self.is("origin-by-host") && origin == format!("http://{host}"))
            }
            (None, None) => self.is("no-origin-trusted"),
        };
        if right { None } else { refusal }
    }

    /// The refusal of a login or signup that another site's page sends.
    fn foreign(&self, ask: &Ask) -> Option<Reply> {
        let listed = ask.header("origin").is_some_and(|origin| self.lists(&origin));
        let site = !listed && ask.header("sec-fetch-site").is_some_and(|site| site != "same-origin");
        let origin = !listed && ask.header("origin").is_some();
        ((site || origin) && !self.is("foreign-log-in-taken")).then(|| Reply::problem(403, "csrf"))
    }

    fn refusal(&self, sent: bool) -> Reply {
        let (code, challenge) = if sent {
            ("invalid_token", "Bearer realm=\"authlab\", error=\"invalid_token\"")
        } else {
            ("unauthenticated", "Bearer realm=\"authlab\"")
        };
        let reply = Reply::problem(401, code);
        let clears = self.is("refusal-clears-cookie") && sent;
        let reply = if clears { reply.with("set-cookie", self.clearing()) } else { reply };
        match (sent, self.fault) {
            (false, "no-challenge") => reply,
            (true, "challenge-without-error") => reply.with("www-authenticate", "Bearer realm=\"authlab\""),
            _ => reply.with("www-authenticate", challenge),
        }
    }

    fn clearing(&self) -> String {
        format!("{}=; {}; Max-Age=0", self.cookie_name(), self.flags())
    }

    /// The authenticated caller. `asks_store` is true if the endpoint looks up sessions and accounts anyway.
    fn caller(&self, ask: &Ask, asks_store: bool) -> Result<Caller, Reply> {
        if let Some(header) = ask.header("authorization") {
            if self.is("basic-is-400") && header.starts_with("Basic") {
                return Err(Reply::problem(400, "malformed"));
            }
            if self.is("scheme-case-matters") && !header.starts_with("Bearer ") {
                return Err(self.refusal(true));
            }
            let token = ask.bearer().unwrap_or_default();
            if self.design == Design::Session {
                let taken = if self.is("id-is-bearer") { self.by_session(&token) } else { None };
                let cookie = ask.cookie("__Host-session").filter(|_| self.is("cookie-beats-authorization"));
                return taken.or_else(|| self.by_session(&cookie?)).ok_or_else(|| self.refusal(true));
            }
            return self.by_access(&token, asks_store).ok_or_else(|| self.refusal(true));
        }
        if self.is("token-in-query-taken")
            && let Some(token) = ask.query("access_token")
        {
            return self.by_access(&token, asks_store).ok_or_else(|| self.refusal(true));
        }
        if self.is("token-in-cookie-taken")
            && let Some(token) = ask.cookie("access_token")
        {
            return self.by_access(&token, asks_store).ok_or_else(|| self.refusal(true));
        }
        if self.design != Design::Session {
            return Err(self.refusal(false));
        }
        let other = ask.cookie("session").filter(|_| self.is("any-cookie-name"));
        match ask.cookie("__Host-session").or(other) {
            Some(cookie) => self.by_session(&cookie).ok_or_else(|| self.refusal(true)),
            None => Err(self.refusal(false)),
        }
    }

    fn by_session(&self, cookie: &str) -> Option<Caller> {
        let sid = self.session_of(cookie)?;
        let session = &self.sessions[&sid];
        let live = session.ended.is_none() && !self.expired(session);
        live.then(|| Caller { user: session.user.clone(), sid: Some(sid), email: None })
    }

    fn by_access(&self, token: &str, asks_store: bool) -> Option<Caller> {
        if token.len() > 4096
            && self.is("oversize-is-let-in")
            && self.issued.iter().any(|issued| token.starts_with(issued))
        {
            let claims = self.claims_of(token.get(..token.len() - 5000)?)?;
            return Some(Caller { user: claims["sub"].as_str()?.to_owned(), sid: None, email: None });
        }
        if self.is("refresh-token-is-bearer")
            && let Some(caller) = self.by_session(token)
        {
            return Some(caller);
        }
        let claims = self.claims_of(token)?;
        let leeway = if self.is("leeway") { 60.0 } else { 0.0 };
        let forgiven =
            self.is("logged-out-never-expire") && self.logged_out.iter().any(|known| known == token);
        if self.now() >= claims["exp"].as_f64()? + leeway && !forgiven {
            return None;
        }
        if self.is("access-denied-after-log-out") && self.logged_out.iter().any(|known| known == token) {
            return None;
        }
        let sid = claims["sid"].as_str().map(str::to_owned);
        let ended = sid
            .as_ref()
            .is_some_and(|sid| self.sessions.get(sid).is_none_or(|session| session.ended.is_some()));
        if asks_store && ended && !self.is("ended-session-acts") {
            return None;
        }
        let user = claims["sub"].as_str()?.to_owned();
        if asks_store
            && self.account_of(&user).is_none()
            && !self.is("ended-session-acts")
            && !self.is("deleted-is-404")
        {
            return None;
        }
        Some(Caller { user, sid, email: claims["email"].as_str().map(str::to_owned) })
    }

    fn me(&mut self, ask: &Ask) -> Reply {
        let logged_out = ask.bearer().is_some_and(|token| self.logged_out.contains(&token));
        let asks_store =
            self.is(super::model::LIVE_CHECK) || (self.is("revocation-of-log-out-only") && logged_out);
        let caller = match self.caller(ask, asks_store) {
            Ok(caller) => caller,
            Err(refusal) => return refusal,
        };
        let shown = self.account_of(&caller.user).map(|(_, account)| account.shown);
        let now = self.now();
        let mut session_id = json!(caller.sid);
        if self.design == Design::Session
            && let Some(session) = caller.sid.as_ref().and_then(|sid| self.sessions.get_mut(sid))
        {
            session.seen = now;
            if self.fault == "session-id-is-cookie" {
                session_id = json!(session.tokens[0]);
            }
        }
        Reply::new(
            200,
            json!({"user_id": caller.user, "email": caller.email.or(shown), "session_id": session_id}),
        )
    }

    /// Reads email (as typed and as looked up), password, client and device from a body.
    fn read(
        &self,
        ask: &Ask,
        body: &Value,
        sign_up: bool,
    ) -> Result<(String, String, String, String, Value), Reply> {
        let number = body.get("email").and_then(Value::as_i64).filter(|_| self.is("numbers-are-addresses"));
        let email = body
            .get("email")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .or(number.map(|n| format!("{n}@x.test")));
        let Some(email) = email else { return Err(invalid("email")) };
        let Some(password) = body.get("password").and_then(Value::as_str) else {
            return Err(invalid("password"));
        };
        let hidden = |c: char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if email.contains(hidden) && !self.is("invisible-address-taken") {
            return Err(invalid("email"));
        }
        let as_typed = email.trim().split_once('@').filter(|_| self.is("domain-as-typed"));
        let as_typed = as_typed.map(|(local, domain)| format!("{local}@{}", domain.to_lowercase()));
        let key = as_typed.unwrap_or_else(|| normal(&email));
        let longest = if self.is("address-of-255-taken") { 255 } else { 254 };
        let parts =
            key.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
        if !parts || key.len() > longest || key.chars().any(char::is_control) {
            return Err(invalid("email"));
        }
        let characters =
            if self.is("password-counted-in-bytes") { password.len() } else { password.chars().count() };
        if sign_up && (characters < 15 || password.len() > 1024) {
            return Err(invalid("password"));
        }
        let lower = password.to_lowercase();
        let own =
            [key.to_lowercase(), key.split('@').next().unwrap_or_default().to_lowercase()].contains(&lower);
        let common = is_common(&lower) && !self.is("common-password-taken");
        if sign_up && (common || (own && !self.is("own-address-taken"))) {
            return Err(invalid("password"));
        }
        let password: String =
            if self.is("password-as-typed") { password.to_owned() } else { password.nfc().collect() };
        let client = body.get("client").and_then(Value::as_str).unwrap_or(self.assumed(ask));
        if !["web", "mobile"].contains(&client) {
            return Err(invalid("client"));
        }
        let device = body.get("device").cloned().unwrap_or_default();
        let label = device.as_str().unwrap_or_default();
        let label = if self.is("device-counted-in-bytes") { label.len() } else { label.chars().count() };
        if label > 64 {
            return Err(invalid("device"));
        }
        let shown = if self.is("address-kept-as-typed") { email.trim().to_owned() } else { key.clone() };
        let key = if self.is("log-in-by-address-as-typed") && !sign_up { email } else { key };
        Ok((key, shown, password, client.to_owned(), device))
    }

    /// The assumed kind of a client that does not state it.
    fn assumed(&self, ask: &Ask) -> &'static str {
        let by_browser = ask.header("sec-fetch-site").is_some() && !self.is("browser-body-has-token");
        if by_browser { "web" } else { "mobile" }
    }

    fn sign_up(&mut self, ask: &Ask, body: &Value) -> Reply {
        if let Some(refusal) = self.foreign(ask) {
            return refusal;
        }
        let (key, shown, password, client, device) = match self.read(ask, body, true) {
            Ok(read) => read,
            Err(refusal) => return refusal,
        };
        if let Some(refusal) = self.signed_up_too_often() {
            return refusal;
        }
        let spelt = body["email"].as_str() != Some(&key) && self.is("taken-by-spelling");
        let buried = self.is("address-never-free") && self.tombstones.contains(&key);
        if buried || (self.accounts.contains_key(&key) && !spelt) {
            return Reply::problem(409, "email_taken");
        }
        let chosen = body.get("user_id").and_then(Value::as_str).filter(|_| self.is("members-taken-over"));
        let user = chosen.map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
        let account = Account { user, shown, password, old_password: None };
        self.accounts.insert(key.clone(), account.clone());
        let reply = self.started(ask, &account, &client, device, 201);
        let mut reply = self.on_known_device(reply, &key);
        if self.is("sign-up-names-another") {
            reply.body["user_id"] = json!(Uuid::new_v4().to_string());
        }
        reply
    }

    /// The credentials of a new session; the session whose cookie the request contains is ended.
    fn started(&mut self, ask: &Ask, account: &Account, client: &str, device: Value, status: u16) -> Reply {
        let old = ask.cookie(self.cookie_name());
        let sid = self.new_session(&account.user, client, device);
        if let Some(cookie) = &old {
            match self.session_of(cookie) {
                Some(before) if !self.is("old-session-lives-on") => self.end(&before, "refresh_ended"),
                None if self.is("id-adopted") => {
                    self.sessions.get_mut(&sid).unwrap().tokens = vec![cookie.clone()]
                }
                _ => {}
            }
        }
        if self.design != Design::Hybrid || self.is("one-refresh-cookie") {
            return self.credentials(account, &sid, status);
        }
        if !self.is("old-session-lives-on") {
            self.end_shown(ask);
        }
        let reply = self.credentials(account, &sid, status);
        self.with_cleared(ask, reply)
    }

    /// The refusal after too many failures of `account`; `None` while more are allowed.
    fn throttled(&mut self, account: &str, right: bool) -> Option<Reply> {
        let (now, fault) = (self.now(), self.fault);
        let recent = |times: &[f64]| times.iter().filter(|at| now - **at < 900.0).count();
        let of = |key: &str| self.failures.get(key).map_or(0, |times| recent(times));
        let device = account.starts_with("own device ");
        let allowed = match fault {
            "one-failure-more" if !device => 9,
            "known-device-unlimited" if device => usize::MAX,
            _ if device => 5,
            _ => 8,
        };
        let locked = fault == "locked-for-good" && self.ever_throttled.iter().any(|known| known == account);
        let over = of(account) >= allowed
            || (of("") >= 70 && !account.starts_with("own ") && fault != "address-uncounted")
            || locked;
        if !over || (right && fault == "right-password-gets-through") {
            return None;
        }
        self.ever_throttled.push(account.to_owned());
        let reply = Reply::problem(429, "throttled");
        Some(if fault == "no-retry-after" { reply } else { reply.with("retry-after", "900") })
    }

    fn failed(&mut self, account: &str, known: bool) {
        let now = self.now();
        if known || !self.is("unknown-unthrottled") {
            self.failures.entry(account.to_owned()).or_default().push(now);
        }
        if !account.starts_with("own ") {
            self.failures.entry(String::new()).or_default().push(now);
        }
    }

    fn right(&self, account: &Account, password: &str) -> bool {
        let cut = |text: &str| text.as_bytes()[..text.len().min(60)].to_vec();
        account.password == password
            || account.old_password.as_deref() == Some(password)
            || (self.is("password-case-ignored") && account.password.eq_ignore_ascii_case(password))
            || (self.is("password-cut") && cut(&account.password) == cut(password))
    }

    /// The refusal after too many signups; otherwise records this one too.
    fn signed_up_too_often(&mut self) -> Option<Reply> {
        let (now, most) = (self.now(), self.sign_ups());
        let times = self.failures.entry("sign-ups".to_owned()).or_default();
        times.retain(|at| now - *at < 900.0);
        if times.len() >= most && !self.is("sign-ups-unlimited") {
            if self.is("sign-ups-are-failures") {
                self.failures.entry(String::new()).or_default().extend([now; 70]);
            }
            return Some(Reply::problem(429, "throttled").with("retry-after", "900"));
        }
        self.failures.entry("sign-ups".to_owned()).or_default().push(now);
        None
    }

    /// Gives the device a token that identifies it as one that has logged in to the account.
    fn on_known_device(&mut self, reply: Reply, account: &str) -> Reply {
        let token = self.random();
        self.devices.insert(token.clone(), account.to_owned());
        reply.with("device-token", token)
    }

    /// The key that failures are counted under: a known device has its own, apart from the account.
    fn counted_under(&self, ask: &Ask, account: &str) -> String {
        let device = ask.header("device-token").filter(|_| !self.is("known-device-locked-out"));
        let known = |device: &String| {
            let of = self.devices.get(device);
            of.is_some_and(|of| of == account || self.is("any-device-known"))
        };
        device.filter(known).map_or_else(|| account.to_owned(), |device| format!("own device {device}"))
    }

    fn log_in(&mut self, ask: &Ask, body: &Value) -> Reply {
        if let Some(refusal) = self.foreign(ask) {
            return refusal;
        }
        let (key, _, password, client, device) = match self.read(ask, body, false) {
            Ok(read) => read,
            Err(refusal) => return refusal,
        };
        let account = self.accounts.get(&key).cloned();
        let right = account.as_ref().is_some_and(|account| self.right(account, &password));
        let counted = self.counted_under(ask, &key);
        if let Some(refusal) = self.throttled(&counted, right) {
            return refusal;
        }
        match account.filter(|_| right) {
            Some(account) => {
                if !self.is("success-forgets-nothing") {
                    self.failures.remove(&counted);
                }
                let reply = self.started(ask, &account, &client, device, 200);
                self.on_known_device(reply, &key)
            }
            None => {
                let known = self.accounts.contains_key(&key);
                self.failed(&counted, known);
                let mut refusal = Reply::problem(401, "invalid_credentials")
                    .with("www-authenticate", "Bearer realm=\"authlab\"");
                if self.is("unknown-address-told") && !known {
                    refusal.body["detail"] = json!("There is no such account.");
                }
                if self.is("refusal-brings-cookie") {
                    refusal = refusal.with("set-cookie", "track=1");
                }
                refusal
            }
        }
    }

    fn log_out(&mut self, ask: &Ask, body: &Value) -> Reply {
        let scope = body.get("scope").cloned().unwrap_or(json!("local"));
        let known = ["local", "others", "global"].iter().any(|known| scope == *known);
        if !known && !self.is("unknown-scope-is-local") {
            return invalid("scope");
        }
        let named =
            self.design != Design::Session && ask.bearer().and_then(|token| self.claims_of(&token)).is_some();
        if !named && let Some(refusal) = self.forged_cookie(ask) {
            return refusal;
        }
        let cookie = match self.design {
            Design::Session => ask.cookie(self.cookie_name()),
            _ => self.refresh_cookie(ask),
        };
        if self.is("authorization-hides-cookie") && ask.header("authorization").is_some() && cookie.is_some()
        {
            return Reply::empty();
        }
        let token =
            body.get("refresh_token").and_then(Value::as_str).filter(|_| !self.is("log-out-ignores-body"));
        let by_token = token.map(str::to_owned).or(cookie);
        let caller = self.caller(ask, true).ok().or_else(|| self.by_session(by_token.as_deref()?));
        let any = self.is("ended-session-logs-out") && ask.header("authorization").is_some();
        let expired_user = ask.bearer().and_then(|token| self.claims_of(&token)).filter(|_| any);
        if scope == "others" || scope == "global" {
            let user = match (&caller, &expired_user) {
                (Some(caller), _) => caller.user.clone(),
                (None, Some(claims)) => claims["sub"].as_str().unwrap_or_default().to_owned(),
                (None, None) => return self.refusal(ask.header("authorization").is_some()),
            };
            let own = caller.and_then(|caller| caller.sid);
            let spared = scope == "others" || self.is("global-spares-own");
            if scope == "global" || !self.is("others-ends-nothing") {
                self.end_user(&user, own.as_deref().filter(|_| spared));
            }
            return Reply::empty();
        }
        let cross = ask.header("sec-fetch-site").is_some_and(|site| site == "cross-site");
        if self.is("bearer-judged-by-site") && cross {
            return Reply::problem(403, "csrf");
        }
        let garbage = ask.header("authorization").is_some()
            && ask.bearer().and_then(|token| self.claims_of(&token)).is_none();
        let late = ask
            .bearer()
            .and_then(|token| self.claims_of(&token))
            .is_some_and(|claims| self.now() > claims["exp"].as_f64().unwrap());
        if (garbage && self.is("garbage-log-out-refused")) || (late && self.is("expired-log-out-refused")) {
            return self.refusal(true);
        }
        self.logged_out.extend(ask.bearer());
        self.local(ask, caller)
    }

    fn local(&mut self, ask: &Ask, caller: Option<Caller>) -> Reply {
        if let Some(Caller { user, sid: Some(sid), .. }) = caller {
            if self.is("local-ends-all") {
                self.end_user(&user, None);
            }
            if !self.is("log-out-ends-nothing") {
                self.end(&sid, "refresh_ended");
            }
        }
        if self.design == Design::Hybrid && !self.is("one-refresh-cookie") {
            if ask.header("authorization").is_none() && !self.is("log-out-ends-nothing") {
                self.end_shown(ask);
            }
            return self.with_cleared(ask, Reply::empty());
        }
        let mut clearing = self.clearing();
        if self.is("log-out-clears-without-secure") {
            clearing = clearing.replace(" Secure;", "");
        }
        let had = ask.header("cookie").is_some() && self.design != Design::Access;
        if had { Reply::empty().with("set-cookie", clearing) } else { Reply::empty() }
    }

    /// The account of a caller whose password was checked; `member` is the name of the password in the body.
    fn confirmed(
        &mut self,
        ask: &Ask,
        body: &Value,
        member: &str,
    ) -> Result<(Caller, String, Account), Reply> {
        if ask.header("authorization").is_none()
            && ask.header("cookie").is_none()
            && self.fault == "credential-missing-is-403"
            && member == "current_password"
        {
            return Err(Reply::problem(403, "forbidden"));
        }
        if self.is("password-deletes-alone") && ask.header("authorization").is_none() && member == "password"
        {
            return Err(Reply::empty());
        }
        if let Some(refusal) = self.forged(ask) {
            return Err(refusal);
        }
        let caller = self.caller(ask, true)?;
        let Some(given) = body.get(member).and_then(Value::as_str) else { return Err(invalid(member)) };
        let Some((key, account)) = self.account_of(&caller.user) else {
            return Err(if self.is("deleted-is-404") {
                Reply::problem(404, "not_found")
            } else {
                self.refusal(true)
            });
        };
        let changes = member == "current_password";
        let unchecked = if changes { self.is("change-unchecked") } else { self.is("deletion-unchecked") };
        let counted = !changes || !self.is("change-uncounted");
        let session = format!("own session {}", caller.sid.as_ref().unwrap_or(&caller.user));
        let asked = if self.is("session-locked-with-account") { &key } else { &session };
        if counted && let Some(refusal) = self.throttled(asked, false) {
            return Err(refusal);
        }
        if account.password != given && !unchecked {
            if counted {
                self.failed(&session, true);
                self.failed(&key, true);
            }
            return Err(Reply::problem(403, "wrong_password"));
        }
        Ok((caller, key, account))
    }

    fn password(&mut self, ask: &Ask, body: &Value) -> Reply {
        let (caller, key, account) = match self.confirmed(ask, body, "current_password") {
            Ok(confirmed) => confirmed,
            Err(refusal) => return refusal,
        };
        let new = body.get("new_password").and_then(Value::as_str).unwrap_or_default().to_owned();
        let unbounded = self.is("new-password-unbounded") && !new.is_empty();
        if !(15..=1024).contains(&new.len()) && !unbounded {
            return invalid("new_password");
        }
        if is_common(&new) && !self.is("new-password-common") {
            return invalid("new_password");
        }
        let own = caller.sid.as_deref().filter(|_| self.is("change-spares-own"));
        self.end_user(&account.user, own);
        let old = self.is("old-password-works").then(|| account.password.clone());
        let changed = Account { password: new, old_password: old, ..account };
        self.accounts.insert(key, changed.clone());
        let web = caller
            .sid
            .and_then(|sid| self.sessions.get(&sid))
            .map_or("mobile".to_owned(), |s| s.client.clone());
        let web = if self.assumed(ask) == "web" { "web".to_owned() } else { web };
        let sid = self.new_session(&changed.user, &web, Value::Null);
        self.credentials(&changed, &sid, 200)
    }

    fn delete(&mut self, ask: &Ask, body: &Value) -> Reply {
        let (caller, key, account) = match self.confirmed(ask, body, "password") {
            Ok(confirmed) => confirmed,
            Err(refusal) => return refusal,
        };
        let spares = self.is("deletion-by-post-forgotten") && ask.method() == "POST";
        if !spares {
            self.accounts.remove(&key);
            self.tombstones.push(key);
        }
        if self.is("deletion-spares-others") {
            self.end(&caller.sid.unwrap_or_default(), "refresh_ended");
            self.accounts.insert("ghost@".to_owned() + &account.user, account);
        } else {
            self.end_user(&account.user, None);
        }
        if self.design == Design::Hybrid && !self.is("deletion-clears-nothing") {
            return self.with_cleared(ask, Reply::empty());
        }
        let clearing = self.clearing();
        let clearing = if self.is("deletion-clears-nothing") { None } else { Some(clearing) };
        match clearing.filter(|_| ask.header("cookie").is_some()) {
            Some(clearing) => Reply::empty().with("set-cookie", clearing),
            None => Reply::empty(),
        }
    }

    fn list(&mut self, ask: &Ask) -> Reply {
        if self.design != Design::Hybrid {
            return Reply::problem(404, "not_found");
        }
        if ask.header("authorization").is_none() && self.is("list-for-all") {
            return Reply::new(200, json!([]));
        }
        let caller = match self.caller(ask, true) {
            Ok(caller) => caller,
            Err(refusal) => return refusal,
        };
        let shown = self
            .sessions
            .iter()
            .filter(|(_, s)| s.listed && (s.user == caller.user || self.is("list-of-all")));
        let list: Vec<Value> = shown
            .map(|(sid, s)| {
                let current = Some(sid) == caller.sid.as_ref() && !self.is("nothing-current");
                json!({"session_id": sid, "current": current, "client": s.client, "device": s.device,
                       "created_at": s.created, "last_seen_at": s.seen, "expires_at": s.seen + super::model::IDLE})
            })
            .collect();
        Reply::new(200, json!(list))
    }

    fn end_one(&mut self, ask: &Ask) -> Reply {
        if self.design != Design::Hybrid {
            return Reply::problem(404, "not_found");
        }
        let caller = match self.caller(ask, true) {
            Ok(caller) => caller,
            Err(refusal) => return refusal,
        };
        let sid = ask.path().trim_start_matches("/auth/sessions/").to_owned();
        let own = self
            .sessions
            .get(&sid)
            .is_some_and(|s| s.listed && (s.user == caller.user || self.is("ends-foreign")));
        if !own {
            return Reply::problem(404, "not_found");
        }
        if self.is("ended-only-in-list") {
            self.sessions.get_mut(&sid).unwrap().listed = false;
        } else {
            self.end(&sid, "refresh_ended");
        }
        Reply::empty()
    }
}
