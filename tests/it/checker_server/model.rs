//! The model's state, and what all endpoints share.

use std::{collections::HashMap, sync::Arc, time::Instant};

use aws_lc_rs::rand;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use conformance::Design;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::wire::{Ask, Reply};

#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) user: String,
    pub(crate) shown: String,
    pub(crate) password: String,
    pub(crate) old_password: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) user: String,
    pub(crate) client: String,
    pub(crate) device: Value,
    pub(crate) created: f64,
    pub(crate) seen: f64,
    pub(crate) ended: Option<&'static str>,
    pub(crate) listed: bool,
    /// Every refresh token of the session, the newest last; in the session design, the value of its cookie.
    pub(crate) tokens: Vec<String>,
    pub(crate) rotated: f64,
    pub(crate) attempt: Option<String>,
}

/// A variant that is not a fault, in place of a fault's name: a hybrid that refuses the access token of an ended session
/// at once, as it claims.
pub(crate) const LIVE_CHECK: &str = "live-check";

pub(crate) const IDLE: f64 = 14.0 * 86_400.0;
pub(crate) const ABSOLUTE: f64 = 30.0 * 86_400.0;
pub(crate) const WINDOW: f64 = 10.0;
const SIGN_UPS: usize = 400;

pub(crate) struct Model {
    pub(crate) design: Design,
    pub(crate) fault: &'static str,
    pub(crate) origin: String,
    pub(crate) secret: Vec<u8>,
    pub(crate) accounts: HashMap<String, Account>,
    pub(crate) tombstones: Vec<String>,
    pub(crate) sessions: HashMap<String, Session>,
    pub(crate) issued: Vec<String>,
    pub(crate) logged_out: Vec<String>,
    pub(crate) failures: HashMap<String, Vec<f64>>,
    pub(crate) ever_throttled: Vec<String>,
    pub(crate) devices: HashMap<String, String>,
    pub(crate) count: u64,
    hashing: Arc<Semaphore>,
    started: Instant,
    offset: f64,
}

/// The state that a server with a race has read before it writes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) free: bool,
    pub(crate) live: Option<String>,
    pub(crate) current: Option<String>,
}

impl Model {
    pub(crate) fn new(design: Design, fault: &'static str, origin: String) -> Self {
        let mut secret = vec![0; 32];
        rand::fill(&mut secret).unwrap();
        Model {
            design,
            fault,
            origin,
            secret,
            accounts: HashMap::new(),
            tombstones: Vec::new(),
            sessions: HashMap::new(),
            issued: Vec::new(),
            logged_out: Vec::new(),
            failures: HashMap::new(),
            ever_throttled: Vec::new(),
            devices: HashMap::new(),
            count: 0,
            hashing: Arc::new(Semaphore::new(1)),
            started: Instant::now(),
            offset: 1_800_000_000.0,
        }
    }

    pub(crate) fn is(&self, fault: &str) -> bool {
        self.fault == fault
    }

    /// Whether the model claims instant revocation: a hybrid that asks its store on every request, or only says so.
    fn claims_revocation(&self) -> bool {
        [LIVE_CHECK, "revocation-claimed-only", "revocation-of-log-out-only"].contains(&self.fault)
    }

    /// The number of signups that it allows in a window. A low number is no fault, but fewer than a run of the checker
    /// needs.
    pub(crate) fn sign_ups(&self) -> usize {
        if self.is("few-sign-ups") { 5 } else { SIGN_UPS }
    }

    pub(crate) fn now(&self) -> f64 {
        self.offset + self.started.elapsed().as_secs_f64()
    }

    pub(crate) fn now_seconds(&self) -> u64 {
        self.now() as u64
    }

    pub(crate) fn random(&mut self) -> String {
        let mut bytes = [0; 48];
        rand::fill(&mut bytes).unwrap();
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    pub(crate) fn cookie_name(&self) -> &'static str {
        if self.design == Design::Session { "__Host-session" } else { "__Host-refresh" }
    }

    /// The queue for hashing passwords; `None` if this request needs no hash.
    pub(crate) fn hashing(&self, ask: &Ask) -> Option<Arc<Semaphore>> {
        let body: Value = serde_json::from_slice(&ask.body).unwrap_or_default();
        let email = body.get("email").and_then(Value::as_str).unwrap_or_default();
        let known = self.accounts.contains_key(&super::flows::normal(email));
        let costs = ask.path() == "/auth/login" && (known || !self.is("unknown-unhashed"));
        costs.then(|| Arc::clone(&self.hashing))
    }

    pub(crate) fn lab(&self) -> Reply {
        let features = match self.design {
            Design::Session => json!(["session-cookie", "scopes", "instant-revocation"]),
            Design::Access => json!(["access-jwt"]),
            Design::Hybrid if self.claims_revocation() => {
                json!(["access-jwt", "refresh", "rotation", "sessions-list", "scopes", "instant-revocation"])
            }
            Design::Hybrid => json!(["access-jwt", "refresh", "rotation", "sessions-list", "scopes"]),
        };
        let mut lab = json!({
            "contract": 1, "lab": format!("{:?}", self.design).to_lowercase(), "store": "memory", "features": features,
            "access_ttl": 900, "refresh_ttl": ABSOLUTE as u64, "idle_ttl": IDLE as u64, "refresh_window": WINDOW as u64,
            "limits": {"failures_per_account_and_address": 8, "failures_per_account": 100, "failures_per_address": 70,
                       "failures_per_device": 5, "failures_per_session": 8, "sign_ups_per_address": self.sign_ups(),
                       "window_seconds": 900, "password_min": 15},
            "controls": !self.is("hidden-controls"), "origins": self.listed(),
        });
        if self.has_cors() {
            lab["features"].as_array_mut().unwrap().push(json!("cors"));
        }
        if self.design == Design::Session {
            lab["access_ttl"] = Value::Null;
        }
        if self.is("descriptor-without-store") {
            lab["store"] = json!("");
        }
        Reply::new(200, lab)
    }

    pub(crate) fn clock(&mut self, ask: &Ask, body: &Value) -> Reply {
        let forwarded = ["x-forwarded-for", "forwarded", "x-real-ip", "x-forwarded-host"];
        let proxied =
            forwarded.iter().any(|name| ask.header(name).is_some()) && !self.is("clock-through-proxy");
        let host = ask.header("host").unwrap_or_default();
        let foreign = self.origin != format!("http://{host}") && !self.is("clock-for-any-host");
        if proxied || foreign {
            return Reply::problem(403, "forbidden");
        }
        if ask.method() == "POST" {
            let by = body.get("advance_seconds").cloned().unwrap_or_default();
            let by = if self.is("clock-by-fractions") {
                by.as_f64().filter(|by| *by >= 0.0)
            } else {
                by.as_u64().map(|by| by as f64)
            };
            let Some(by) = by.filter(|by| *by <= 1e8) else { return Reply::problem(422, "invalid") };
            self.offset += by;
        }
        let wrong = if self.is("clock-tells-wrong") && ask.method() == "POST" { 1000.0 } else { 0.0 };
        Reply::new(200, json!({"now": self.now() + wrong}))
    }

    /// The session that has this id, cookie or refresh token.
    pub(crate) fn session_of(&self, token: &str) -> Option<String> {
        let owner = |(_, session): &(&String, &Session)| {
            session.tokens.iter().any(|known| {
                known == token
                    || (self.is("cookie-half-compared") && known.get(..20) == token.get(..20))
                    || (self.is("last-character-unread")
                        && known.len() == token.len()
                        && known.get(..known.len() - 1) == token.get(..token.len() - 1))
            })
        };
        self.sessions.iter().find(owner).map(|(sid, _)| sid.clone())
    }

    pub(crate) fn expired(&self, session: &Session) -> bool {
        let idle = self.now() >= session.seen + IDLE && !self.is("idle-unlimited");
        let absolute = self.now() >= session.created + ABSOLUTE && !self.is("absolute-unlimited");
        idle || absolute
    }

    pub(crate) fn end(&mut self, sid: &str, why: &'static str) {
        if let Some(session) = self.sessions.get_mut(sid) {
            session.ended.get_or_insert(why);
            session.listed = false;
        }
    }

    pub(crate) fn end_user(&mut self, user: &str, spared: Option<&str>) {
        let of_user =
            |(sid, session): &(&String, &Session)| session.user == user && Some(sid.as_str()) != spared;
        let ids: Vec<String> = self.sessions.iter().filter(of_user).map(|(sid, _)| sid.clone()).collect();
        for sid in ids {
            self.end(&sid, "refresh_ended");
        }
    }

    pub(crate) fn account_of(&self, user: &str) -> Option<(String, Account)> {
        self.accounts
            .iter()
            .find(|(_, account)| account.user == user)
            .map(|(key, account)| (key.clone(), account.clone()))
    }

    pub(crate) fn new_session(&mut self, user: &str, client: &str, device: Value) -> String {
        let sid = Uuid::new_v4().to_string();
        self.count += 1;
        let token = match self.design {
            Design::Hybrid => format!("rt1.{}{}", self.sid_part(&sid), self.random()),
            _ if self.is("cookie-guessable") => {
                let random = self.random();
                format!("{}{:0>8}{}", "A".repeat(30), self.count, &random[..10])
            }
            _ => self.random(),
        };
        let now = self.now();
        let session = Session {
            user: user.to_owned(),
            client: client.to_owned(),
            device,
            created: now,
            seen: now,
            ended: None,
            listed: true,
            tokens: vec![token],
            rotated: now,
            attempt: None,
        };
        self.sessions.insert(sid.clone(), session);
        sid
    }

    /// The session's id as the first 24 bytes of a token: an attacker who knows the id can write them.
    pub(crate) fn sid_part(&self, sid: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(&sid.replace('-', "").as_bytes()[..24])
    }

    pub(crate) fn seen_before(&mut self, ask: &Ask) -> Seen {
        let body: Value = serde_json::from_slice(&ask.body).unwrap_or_default();
        let email = body.get("email").and_then(Value::as_str).unwrap_or_default();
        let token = body.get("refresh_token").and_then(Value::as_str);
        let current = token.filter(|token| {
            self.sessions.values().any(|session| {
                let aged = self.now() - session.rotated >= WINDOW;
                aged && session.tokens.last().map(String::as_str) == Some(*token)
            })
        });
        let live = ask.cookie("__Host-session").and_then(|cookie| self.session_of(&cookie));
        Seen {
            free: !self.accounts.contains_key(&super::flows::normal(email)),
            live: live.filter(|sid| self.sessions.get(sid).is_some_and(|session| session.ended.is_none())),
            current: current.filter(|_| ask.path() == "/auth/refresh").map(str::to_owned),
        }
    }

    pub(crate) fn resurrect(&mut self, ask: &Ask, seen: Seen) {
        if let (Some(sid), "/me") = (seen.live, ask.path())
            && let Some(session) = self.sessions.get_mut(&sid)
        {
            session.ended = None;
        }
    }

    pub(crate) fn answer_as_seen(&mut self, ask: &Ask, seen: Seen) -> Reply {
        if self.is("sign-up-races") && seen.free && ask.path() == "/auth/signup" {
            let body: Value = serde_json::from_slice(&ask.body).unwrap_or_default();
            self.accounts.remove(&super::flows::normal(body["email"].as_str().unwrap_or_default()));
        }
        if self.is("refresh-races")
            && let Some(token) = seen.current
            && let Some(sid) = self.session_of(&token)
            && let Some(session) = self.sessions.get_mut(&sid)
        {
            session.tokens.retain(|known| *known != token);
            session.tokens.push(token);
            session.rotated = session.rotated.min(session.seen) - WINDOW * 2.0;
        }
        self.answer(ask)
    }
}
