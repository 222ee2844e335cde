//! What proves the checks: for each of them a server that misbehaves in just that way, and is caught.
//!
//! The servers themselves are tests (`it/checker_server`), one program with a fault for each name below. The table stands
//! here so that whoever reads a report can see what a check has been shown to catch; `it/checker_catches` holds it to be
//! true, and complete: a fault is caught by the checks that stand beside it and by no other.

use serde::Serialize;

use self::Design::{Access, Hybrid, Session};
use crate::check::Check;

/// A way to misbehave.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// Its name, which says what the server does wrong.
    pub name: &'static str,
    /// The design that it is shown on.
    pub design: Design,
    /// The ids of exactly the checks that fail.
    pub caught_by: &'static [&'static str],
}

/// The designs that the misbehaving server can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Design {
    /// A session behind a cookie.
    Session,
    /// An access token alone.
    Access,
    /// An access token, and a refresh token that is rotated.
    Hybrid,
}

/// Every fault there is.
pub fn faults() -> &'static [Fault] {
    FAULTS
}

impl Check {
    /// The faults that this check has been shown to catch: one at least.
    pub fn catches(&self) -> impl Iterator<Item = &'static Fault> {
        FAULTS.iter().filter(|fault| fault.caught_by.contains(&self.id))
    }
}

const fn fault(name: &'static str, design: Design, caught_by: &'static [&'static str]) -> Fault {
    Fault { name, design, caught_by }
}

const FAULTS: &[Fault] = &[
    fault("descriptor-without-store", Hybrid, &["lab.descriptor"]),
    fault("clock-tells-wrong", Access, &["lab.clock-moves"]),
    fault("clock-by-fractions", Access, &["lab.clock-bounds"]),
    fault("clock-through-proxy", Access, &["lab.clock-not-forwarded"]),
    fault("clock-for-any-host", Access, &["lab.clock-foreign-host"]),
    fault("hidden-controls", Access, &["lab.clock-absent"]),
    fault("live-fails", Access, &["health.live"]),
    fault("ready-fails", Access, &["health.ready"]),
    fault("problems-are-plain-json", Access, &["http.problem-json"]),
    fault("unknown-route-misnamed", Access, &["http.unknown-route"]),
    fault("no-allow", Access, &["http.wrong-method"]),
    fault("cors-for-all", Access, &["http.cors-off"]),
    fault("no-head", Access, &["http.head"]),
    fault("me-cacheable", Access, &["http.no-store"]),
    fault("no-request-id", Access, &["http.request-id"]),
    fault("bound-off-by-one", Access, &["http.body-too-large"]),
    fault("forms-taken", Access, &["http.media-type"]),
    fault("trailing-text-ignored", Access, &["http.malformed-json"]),
    fault("no-pointers", Access, &["http.invalid-pointers"]),
    fault("empty-body-needs-json", Access, &["http.empty-body"]),
    fault("error-tells-inside", Access, &["http.nothing-internal"]),
    fault("nonsense-is-http", Access, &["raw.malformed-request"]),
    fault("two-hosts-taken", Access, &["raw.two-hosts"]),
    fault("two-lengths-taken", Access, &["raw.two-lengths"]),
    fault("headers-unbounded", Access, &["raw.headers-too-large"]),
    fault("only-announced-length-bounded", Access, &["raw.chunked-too-large"]),
    fault("megabytes-read", Access, &["raw.megabyte-password"]),
    fault("sign-up-names-another", Session, &["signup.succeeds", "me.shape"]),
    fault("taken-by-spelling", Access, &["signup.email-taken", "signup.domain-spellings"]),
    fault("sign-up-races", Access, &["signup.email-taken-race"]),
    fault("address-of-255-taken", Access, &["signup.email-bounds"]),
    fault("address-kept-as-typed", Access, &["signup.email-normalised"]),
    fault("password-counted-in-bytes", Access, &["signup.password-bounds"]),
    fault("common-password-taken", Access, &["signup.common-password"]),
    fault("own-address-taken", Access, &["signup.own-address"]),
    fault("invisible-address-taken", Access, &["signup.invisible-address"]),
    fault("domain-as-typed", Access, &["signup.domain-spellings"]),
    fault("password-as-typed", Access, &["login.password-normalised"]),
    fault("new-password-common", Access, &["password.new-common"]),
    fault("device-counted-in-bytes", Access, &["signup.client-and-device"]),
    fault("members-taken-over", Access, &["signup.unknown-members"]),
    fault("log-in-forgets-address", Access, &["login.succeeds"]),
    fault("refusal-brings-cookie", Access, &["login.wrong-password"]),
    fault("password-case-ignored", Access, &["login.wrong-password", "login.password-whole"]),
    fault("unknown-address-told", Access, &["login.unknown-address-alike"]),
    fault("password-cut", Access, &["login.password-whole"]),
    fault("log-in-by-address-as-typed", Access, &["login.domain-case"]),
    fault("numbers-are-addresses", Access, &["login.invalid-body"]),
    fault("all-wait-for-hashing", Access, &["login.flood"]),
    fault("unknown-unhashed", Access, &["login.unknown-address-same-time"]),
    fault("session-id-is-cookie", Session, &["me.shape", "cookie.id-nowhere-else"]),
    fault("no-challenge", Access, &["me.no-credential"]),
    fault("challenge-without-error", Access, &["me.refused-credential"]),
    fault("basic-is-400", Access, &["me.odd-authorization"]),
    fault("first-authorization-wins", Access, &["me.two-authorizations"]),
    fault("scheme-case-matters", Access, &["me.scheme-any-case"]),
    fault("token-in-query-taken", Access, &["me.token-in-query"]),
    fault("token-in-cookie-taken", Access, &["me.token-in-cookie"]),
    fault("cookie-beats-authorization", Session, &["me.authorization-beats-cookie"]),
    fault("session-cookie-readable", Session, &["cookie.session-attributes"]),
    fault("refresh-cookie-lax", Hybrid, &["cookie.refresh-attributes"]),
    fault("cookie-guessable", Session, &["cookie.unguessable"]),
    fault("id-adopted", Session, &["cookie.fixation"]),
    fault("old-session-lives-on", Session, &["cookie.log-in-again"]),
    fault("cookie-half-compared", Session, &["cookie.every-character"]),
    fault("any-cookie-name", Session, &["cookie.name-exact"]),
    fault("id-is-bearer", Session, &["cookie.id-not-bearer"]),
    fault("id-in-header", Session, &["cookie.id-nowhere-else"]),
    fault("refusal-clears-cookie", Session, &["cookie.refusal-clears-nothing"]),
    fault("log-out-clears-without-secure", Session, &["cookie.logout-clears"]),
    fault("deletion-clears-nothing", Session, &["cookie.deletion-clears"]),
    fault("own-origin-refused", Session, &["csrf.same-origin"]),
    fault("origin-beats-fetch-site", Session, &["csrf.cross-site"]),
    fault("same-site-trusted", Session, &["csrf.same-site"]),
    fault("origin-by-prefix", Session, &["csrf.origin-foreign"]),
    fault("null-origin-trusted", Session, &["csrf.origin-null"]),
    fault("no-origin-trusted", Session, &["csrf.no-origin"]),
    fault("origin-by-host", Session, &["csrf.origin-not-by-host"]),
    fault("text-plain-unguarded", Session, &["csrf.text-plain-form"]),
    fault("foreign-log-in-taken", Session, &["csrf.log-in"]),
    fault("bearer-judged-by-site", Access, &["csrf.bearer-exempt"]),
    fault("token-type-mac", Access, &["access.body"]),
    fault("typ-is-jwt", Access, &["access.header"]),
    fault("claims-too-many", Access, &["access.claims"]),
    fault("jti-constant", Access, &["access.jti-unique"]),
    fault("alg-none-taken", Access, &["access.alg-none"]),
    fault("alg-chosen-by-token", Access, &["access.alg-other"]),
    fault("typ-unread", Access, &["access.typ-other"]),
    fault("kid-from-file", Access, &["access.kid-odd"]),
    fault("crit-unread", Access, &["access.crit"]),
    fault("own-key-taken", Access, &["access.embedded-key"]),
    fault("key-address-called", Access, &["access.key-address"]),
    fault("guessable-key", Access, &["access.guessable-key"]),
    fault("role-believed", Access, &["access.claims-changed"]),
    fault("parts-judged-alone", Access, &["access.parts-exchanged"]),
    fault("signature-compared-short", Access, &["access.signature-missing"]),
    fault("signature-half-compared", Access, &["access.signature-bits"]),
    fault("one-character-forgiven", Access, &["access.every-character"]),
    fault("parts-too-many", Access, &["access.part-count"]),
    fault("encrypted-claims-believed", Access, &["access.encrypted"]),
    fault("json-serialization-taken", Access, &["access.json-serialization"]),
    fault("padding-forgiven", Access, &["access.padding"]),
    fault("last-bits-unread", Access, &["access.trailing-bits"]),
    fault("oversize-is-let-in", Access, &["access.oversize"]),
    fault("refresh-token-is-bearer", Hybrid, &["access.refresh-token-as-access"]),
    fault(
        "log-out-ends-nothing",
        Session,
        &[
            "logout.credential-dead",
            "logout.local-only-here",
            "logout.wide-needs-live",
            "logout.not-resurrected",
            "cookie.refusal-clears-nothing",
        ],
    ),
    fault("access-denied-after-log-out", Access, &["logout.access-lives-on"]),
    fault("log-out-ignores-body", Hybrid, &["logout.refresh-dead"]),
    fault("garbage-log-out-refused", Access, &["logout.any-state"]),
    fault("unknown-scope-is-local", Session, &["logout.unknown-scope"]),
    fault(
        "local-ends-all",
        Hybrid,
        &["logout.local-only-here", "logout.wide-needs-live", "sessions.ended-refused"],
    ),
    fault("others-ends-nothing", Hybrid, &["logout.others"]),
    fault("global-spares-own", Hybrid, &["logout.global"]),
    fault("ended-session-logs-out", Hybrid, &["logout.wide-needs-live"]),
    fault("me-resurrects", Session, &["logout.not-resurrected"]),
    fault("mobile-without-expiry", Hybrid, &["refresh.mobile-body"]),
    fault("web-body-has-token", Hybrid, &["refresh.web-body"]),
    fault("refresh-renames-session", Hybrid, &["refresh.renews-access"]),
    fault("short-garbage-is-422", Hybrid, &["refresh.garbage"]),
    fault("refresh-by-access", Hybrid, &["refresh.missing"]),
    fault("last-character-unread", Hybrid, &["refresh.every-character"]),
    fault("garbage-ends-session", Hybrid, &["refresh.every-character", "refresh.known-session-garbage"]),
    fault("any-delivery", Hybrid, &["refresh.wrong-delivery"]),
    fault("both-tokens-taken", Hybrid, &["refresh.both"]),
    fault("refresh-token-in-query", Hybrid, &["refresh.in-query"]),
    fault("access-token-refreshes", Hybrid, &["refresh.access-token-as-refresh"]),
    fault("bearer-chooses-user", Hybrid, &["refresh.own-token-own-user"]),
    fault("refused-refresh-clears", Hybrid, &["refresh.refusal-clears-nothing"]),
    fault("refresh-cacheable", Hybrid, &["refresh.no-store"]),
    fault("idempotency-key-unbounded", Hybrid, &["refresh.idempotency-key-bound"]),
    fault("kept-cookie-set-again", Hybrid, &["rotation.kept-in-window"]),
    fault("rotates-once", Hybrid, &["rotation.rotates", "rotation.grandparent"]),
    fault("rotated-cookie-insecure", Hybrid, &["rotation.web-cookie"]),
    fault(
        "replay-is-reuse",
        Hybrid,
        &["rotation.replay-in-window", "rotation.idempotency-key", "rotation.parallel"],
    ),
    fault(
        "reuse-ends-nothing",
        Hybrid,
        &["rotation.replay-after-window", "rotation.grandparent", "rotation.reuse-spares-others"],
    ),
    fault("grandparent-unnoticed", Hybrid, &["rotation.grandparent"]),
    fault("reuse-ends-all", Hybrid, &["rotation.reuse-spares-others"]),
    fault("any-idempotency-key", Hybrid, &["rotation.idempotency-key"]),
    fault("refresh-races", Hybrid, &["rotation.parallel"]),
    fault("nothing-current", Hybrid, &["sessions.list"]),
    fault("list-of-all", Hybrid, &["sessions.own-only", "sessions.list", "sessions.delete"]),
    fault("ended-only-in-list", Hybrid, &["sessions.delete"]),
    fault("ends-foreign", Hybrid, &["sessions.delete-foreign"]),
    fault("list-for-all", Hybrid, &["sessions.need-credential"]),
    fault("ended-session-acts", Hybrid, &["sessions.ended-refused", "logout.wide-needs-live"]),
    fault("old-password-works", Access, &["password.change"]),
    fault(
        "change-unchecked",
        Access,
        &["password.wrong-current", "csrf.bearer-exempt", "throttle.wrong-password-counts"],
    ),
    fault("new-password-unbounded", Access, &["password.new-bounds", "password.new-common"]),
    fault("credential-missing-is-403", Access, &["password.needs-credential"]),
    fault("change-spares-own", Session, &["password.ends-sessions"]),
    fault("deletion-by-post-forgotten", Access, &["account.delete"]),
    fault("deletion-unchecked", Access, &["account.wrong-password"]),
    fault("password-deletes-alone", Access, &["account.needs-credential"]),
    fault("deletion-spares-others", Hybrid, &["account.sessions-dead"]),
    fault("deleted-is-404", Access, &["account.cannot-act"]),
    fault("address-never-free", Access, &["account.address-free"]),
    fault("leeway", Access, &["expiry.access-token", "expiry.logged-out-access-token"]),
    fault("logged-out-never-expire", Access, &["expiry.logged-out-access-token"]),
    fault("expired-log-out-refused", Access, &["expiry.log-out-after"]),
    fault("idle-unlimited", Session, &["expiry.session-idle"]),
    fault("absolute-unlimited", Session, &["expiry.session-absolute"]),
    fault("idle-not-renewed", Hybrid, &["expiry.refresh-idle", "expiry.refresh-absolute"]),
    fault("absolute-moved", Hybrid, &["expiry.refresh-absolute"]),
    fault(
        "one-failure-more",
        Access,
        &[
            "throttle.account",
            "throttle.unknown-alike",
            "throttle.retry-after",
            "throttle.wrong-password-counts",
        ],
    ),
    fault("unknown-unthrottled", Access, &["throttle.unknown-alike"]),
    fault("no-retry-after", Access, &["throttle.retry-after"]),
    fault(
        "right-password-gets-through",
        Access,
        &["throttle.right-password-too", "throttle.wrong-password-counts"],
    ),
    fault("locked-for-good", Access, &["throttle.window-ends"]),
    fault("success-forgets-nothing", Access, &["throttle.success-resets"]),
    fault("change-uncounted", Access, &["throttle.wrong-password-counts"]),
    fault("address-uncounted", Access, &["throttle.address"]),
];
