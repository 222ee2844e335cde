//! The model's listed origins: its own and, in designs with cookies, one of another page, which gets CORS.

use conformance::Design;

use super::model::Model;
use super::wire::{Ask, Reply};

const PAGE: &str = "https://app.example.test";

impl Model {
    pub(crate) fn has_cors(&self) -> bool {
        self.design != Design::Access
    }

    /// The origins that `/lab` lists.
    pub(crate) fn listed(&self) -> Vec<String> {
        let own = if self.is("origins-misspelt") { format!("{}/", self.origin) } else { self.origin.clone() };
        let page = self.has_cors().then(|| PAGE.to_owned());
        [own].into_iter().chain(page).collect()
    }

    pub(crate) fn lists(&self, origin: &str) -> bool {
        origin == self.origin || (self.has_cors() && origin == PAGE)
    }

    /// The origin of the request, if it gets CORS.
    fn let_in(&self, ask: &Ask) -> Option<String> {
        let origin = ask.header("origin").filter(|_| self.has_cors())?;
        let alike = self.is("cors-for-lookalikes") && origin.starts_with(PAGE);
        (alike || self.lists(&origin)).then_some(origin)
    }

    /// The response to a preflight.
    pub(crate) fn preflight(&self, ask: &Ask) -> Option<Reply> {
        ask.header("access-control-request-method").filter(|_| ask.method() == "OPTIONS")?;
        self.let_in(ask).filter(|_| !self.is("preflight-unanswered"))?;
        let reply = Reply::empty().with("access-control-allow-methods", "GET, POST, DELETE");
        Some(reply.with("access-control-allow-headers", "authorization, content-type, idempotency-key"))
    }

    /// The response with the headers that let the requesting page read it.
    pub(crate) fn readable(&self, ask: &Ask, reply: Reply) -> Reply {
        let unreadable = self.is("refusals-unreadable") && reply.status >= 400;
        match self.let_in(ask).filter(|_| !unreadable) {
            Some(origin) => reply
                .with("vary", "origin")
                .with("access-control-allow-origin", origin)
                .with("access-control-allow-credentials", "true")
                .with("access-control-expose-headers", "retry-after"),
            None => reply,
        }
    }
}
