//! The actions of the user and the thief in one design: each action is the request that an app would send.

use harness::Failure;
use harness::client::{Held, Request};
use serde_json::json;
use uuid::Uuid;

use super::super::action::Action;
use super::super::holding::Holding;
use super::super::revocation::Revocation;
use super::super::seen::Who;
use super::super::wire::Exchange;
use super::Column;

/// The outcome of an action that succeeded.
pub(super) const DONE: &str = "done";
/// The outcome of an action for which there was no credential to send.
const NOTHING_HELD: &str = "nothing-held";

impl Column {
    /// Performs one action. Returns its outcome: `done`, the code of the refusal, or `nothing-held`.
    pub(super) async fn perform(&mut self, action: Action, now_s: u64) -> Result<String, Failure> {
        let outcome = match action {
            Action::SignIn => self.sign_in(now_s).await?,
            Action::Steal => self.steal(),
            Action::PersonTries => self.knock(Who::Person).await?,
            Action::ThiefTries => self.knock(Who::Thief).await?,
            Action::PersonRefreshes => self.refresh(Who::Person, now_s).await?,
            Action::ThiefRefreshes => self.refresh(Who::Thief, now_s).await?,
            Action::LogOut => self.log_out(None).await?,
            Action::LogOutEverywhere => self.log_out(Some("global")).await?,
            Action::ChangePassword => self.change_password(now_s).await?,
            // The room has already moved its clock, or cut or mended the connection.
            Action::WaitMinute | Action::WaitQuarter | Action::WaitMonth => DONE.to_owned(),
            Action::CutStore | Action::MendStore => DONE.to_owned(),
        };
        match (action, outcome.as_str()) {
            (Action::LogOut | Action::LogOutEverywhere, DONE) => self.ends("log-out", now_s),
            (Action::ChangePassword, DONE) => self.ends("change-password", now_s),
            (_, "refresh_reused") => self.ends("reuse-detected", now_s),
            _ => {}
        }
        Ok(outcome)
    }

    /// Starts to measure for how long the thief's copy keeps working. If an earlier event has not taken effect yet, its
    /// measurement continues instead.
    fn ends(&mut self, how: &'static str, now_s: u64) {
        let waiting = self.revocation.as_ref().is_some_and(Revocation::is_open);
        if !self.thief.is_empty() && !waiting {
            self.revocation = Some(Revocation::begun(how, now_s));
        }
    }

    async fn sign_in(&mut self, now_s: u64) -> Result<String, Failure> {
        // A browser sends the old cookie with the login, without the app's help, and the server ends that session.
        let cookie = Held { cookie: self.person.held().cookie, ..Held::default() };
        let request = cookie.signed(self.account.log_in());
        let answer = self.send(Who::Person, false, &request).await?;
        if answer.is_done() {
            self.person = Holding::default();
            self.receive(&answer, now_s);
        }
        Ok(outcome_of(&answer))
    }

    fn steal(&mut self) -> String {
        if self.person.is_empty() {
            return NOTHING_HELD.to_owned();
        }
        // A fresh copy ends an open measurement, because it says nothing about the old copy.
        self.revocation = self.revocation.take().filter(|revocation| !revocation.is_open());
        self.thief = self.person.clone();
        DONE.to_owned()
    }

    /// Sends `GET /me` with the credentials of the user or the thief.
    async fn knock(&mut self, who: Who) -> Result<String, Failure> {
        if who == Who::Thief && self.thief.is_empty() {
            return Ok(NOTHING_HELD.to_owned());
        }
        Ok(outcome_of(&self.ask_me(who, false).await?))
    }

    async fn refresh(&mut self, who: Who, now_s: u64) -> Result<String, Failure> {
        let holding = match who {
            Who::Person => &self.person,
            Who::Thief => &self.thief,
        };
        if holding.is_empty() {
            return Ok(NOTHING_HELD.to_owned());
        }
        let request = holding.exchange(who == Who::Person);
        let answer = self.send(who, false, &request).await?;
        match who {
            Who::Person if answer.is_done() => self.receive(&answer, now_s),
            // An honest app deletes a token that was refused, and asks for the password.
            Who::Person if answer.status == 401 => self.person = Holding::default(),
            Who::Thief if answer.is_done() => self.thief.take(&answer, now_s),
            Who::Thief if answer.status == 401 => self.thief.refused_to_refresh(),
            Who::Person | Who::Thief => {}
        }
        Ok(outcome_of(&answer))
    }

    async fn log_out(&mut self, scope: Option<&str>) -> Result<String, Failure> {
        if self.person.is_empty() {
            return Ok(NOTHING_HELD.to_owned());
        }
        let body = match (scope, &self.person.refresh) {
            (Some(scope), _) => json!({ "scope": scope }),
            (None, Some(token)) => json!({ "refresh_token": token.text }),
            (None, None) => json!({}),
        };
        let request = self.person.held().signed(Request::post("/auth/logout", body));
        let answer = self.send(Who::Person, false, &request).await?;
        if answer.is_done() {
            // The app deletes its credentials. In a design without a store, nothing else happens at logout.
            self.person = Holding::default();
        }
        Ok(outcome_of(&answer))
    }

    async fn change_password(&mut self, now_s: u64) -> Result<String, Failure> {
        if self.person.is_empty() {
            return Ok(NOTHING_HELD.to_owned());
        }
        let new = format!("another passphrase {}", Uuid::new_v4().simple());
        let body = json!({ "current_password": self.account.password, "new_password": new });
        let request = self.person.held().signed(Request::post("/auth/password", body));
        let answer = self.send(Who::Person, false, &request).await?;
        if answer.is_done() {
            self.account.password = new;
            self.receive(&answer, now_s);
        }
        Ok(outcome_of(&answer))
    }
}

fn outcome_of(answer: &Exchange) -> String {
    match answer.code() {
        _ if answer.is_done() => DONE.to_owned(),
        Some(code) => code.to_owned(),
        None => answer.status.to_string(),
    }
}
