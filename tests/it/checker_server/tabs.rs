//! The model's refresh cookies: one for each session, so that a late response does not replace a newer login's cookie.

use conformance::Design;

use super::model::Model;
use super::wire::{Ask, Reply};

const REFRESH: &str = "__Host-refresh";

impl Model {
    /// The name of a session's cookie.
    pub(crate) fn cookie_name_of(&self, sid: &str) -> String {
        match self.design {
            Design::Hybrid if !self.is("one-refresh-cookie") => format!("{REFRESH}-{}", &sid[24..]),
            _ => self.cookie_name().to_owned(),
        }
    }

    /// The refresh tokens in the request's cookies, that of the newest session first.
    fn refresh_cookies(&self, ask: &Ask) -> Vec<(String, String)> {
        let mut cookies = ask.cookies_starting(REFRESH);
        let opened = |token: &str| self.session_of(token).map_or(0.0, |sid| self.sessions[&sid].created);
        cookies.sort_by(|(_, one), (_, other)| opened(other).total_cmp(&opened(one)));
        cookies
    }

    /// The refresh token in the request's cookies: that of the newest session that has not ended.
    pub(crate) fn refresh_cookie(&self, ask: &Ask) -> Option<String> {
        let cookies = self.refresh_cookies(ask);
        let alive =
            |token: &str| self.session_of(token).is_some_and(|sid| self.sessions[&sid].ended.is_none());
        let chosen = cookies.iter().find(|(_, token)| alive(token)).or(cookies.first());
        chosen.map(|(_, token)| token.clone())
    }

    /// Ends the sessions whose refresh cookies the request contains.
    pub(crate) fn end_shown(&mut self, ask: &Ask) {
        for (_, token) in self.refresh_cookies(ask) {
            if let Some(sid) = self.session_of(&token) {
                self.end(&sid, "refresh_ended");
            }
        }
    }

    /// Clears the refresh cookies that the request contains and that are no longer valid.
    pub(crate) fn with_cleared(&self, ask: &Ask, reply: Reply) -> Reply {
        let over = |token: &str| self.session_of(token).is_none_or(|sid| self.sessions[&sid].ended.is_some());
        let cookies = self.refresh_cookies(ask).into_iter().filter(|(_, token)| over(token));
        cookies.fold(reply, |reply, (name, _)| {
            reply.with("set-cookie", format!("{name}=; {}; Max-Age=0", self.flags()))
        })
    }
}
