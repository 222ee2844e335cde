//! Records every account that a run creates, so that the run can delete it again.
//!
//! The client passes each response of the endpoints that create an account, delete it, or issue a credential to the
//! ledger. So no check has to record anything, and an account that a check creates by hand is recorded too.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use reqwest::Method;
use serde_json::Value;

use crate::{call::Call, credential::Credential, exchange::Exchange};

/// An account on the server under test.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) user_id: Option<String>,
    pub(crate) email: String,
    /// The passwords that it may have, the latest last: a server may claim a change of password and keep the old one.
    pub(crate) passwords: Vec<String>,
    /// The credentials that the server issued for it, the latest last.
    pub(crate) credentials: Vec<Credential>,
    pub(crate) deleted: bool,
}

/// The accounts of one run.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    accounts: Vec<Account>,
    /// The index of the account that owns each credential. A request to delete identifies its account only by the
    /// credential.
    owners: HashMap<Credential, usize>,
}

/// The effect of a successful call on accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Creates,
    ChangesPassword,
    GivesCredential,
    Deletes,
}

/// A call that may change the recorded accounts, kept until its response arrives.
#[derive(Debug)]
pub(crate) struct Pending {
    effect: Effect,
    body: Value,
    credential: Option<Credential>,
}

impl Pending {
    /// Returns `None` for calls that change no account, which are almost all.
    pub(crate) fn of(call: &Call) -> Option<Self> {
        let path = call.path.split('?').next().unwrap_or_default();
        let effect = match (&call.method, path) {
            (&Method::POST, "/auth/signup") => Effect::Creates,
            (&Method::POST, "/auth/password") => Effect::ChangesPassword,
            (&Method::POST, "/auth/login" | "/auth/refresh") => Effect::GivesCredential,
            (&Method::DELETE, "/auth/account") | (&Method::POST, "/auth/account/delete") => Effect::Deletes,
            _ => return None,
        };
        let body = call.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        Some(Self { effect, body: body.unwrap_or_default(), credential: Credential::of_call(call) })
    }

    fn text(&self, member: &str) -> Option<String> {
        self.body.get(member)?.as_str().map(str::to_owned)
    }
}

impl Ledger {
    fn known(&self) -> MutexGuard<'_, Known> {
        // A check that panicked may leave one entry incomplete; the other accounts must still be deleted.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every account that the run created, in the order of creation.
    pub(crate) fn accounts(&self) -> Vec<Account> {
        self.known().accounts.clone()
    }

    /// Records an account that was not created through [`crate::client::Client`].
    pub(crate) fn created(&self, email: String, password: String) {
        let account = Account { email, passwords: vec![password], ..Account::default() };
        self.known().accounts.push(account);
    }

    /// Records the result of a call.
    pub(crate) fn note(&self, pending: &Pending, answer: &Exchange) {
        if !(200..300).contains(&answer.status) {
            return;
        }
        let mut known = self.known();
        let user_id = answer.text("user_id");
        let account = match pending.effect {
            Effect::Creates => Some(known.create(pending, user_id)),
            Effect::GivesCredential => known.with_id(user_id.as_deref()),
            Effect::ChangesPassword | Effect::Deletes => {
                let owner = pending.credential.as_ref().and_then(|credential| known.owners.get(credential));
                owner.copied().or_else(|| known.with_id(user_id.as_deref()))
            }
        };
        let Some(index) = account else { return };
        let Some(account) = known.accounts.get_mut(index) else { return };
        match pending.effect {
            Effect::Deletes => account.deleted = true,
            Effect::ChangesPassword => account.passwords.extend(pending.text("new_password")),
            Effect::Creates | Effect::GivesCredential => {}
        }
        if let Some(credential) = Credential::of_answer(answer) {
            account.credentials.push(credential.clone());
            known.owners.insert(credential, index);
        }
    }
}

impl Known {
    fn with_id(&self, user_id: Option<&str>) -> Option<usize> {
        let user_id = user_id?;
        self.accounts.iter().rposition(|account| account.user_id.as_deref() == Some(user_id))
    }

    /// The new account; or an existing one, if a server responds to a repeated signup with the account that it has.
    fn create(&mut self, pending: &Pending, user_id: Option<String>) -> usize {
        let there = self.with_id(user_id.as_deref());
        if let Some(index) = there.filter(|index| self.accounts.get(*index).is_some_and(|one| !one.deleted)) {
            return index;
        }
        self.accounts.push(Account {
            user_id,
            email: pending.text("email").unwrap_or_default(),
            passwords: pending.text("password").into_iter().collect(),
            ..Account::default()
        });
        self.accounts.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: &Value) -> Exchange {
        Exchange {
            sent: String::new(),
            status,
            headers: reqwest::header::HeaderMap::new(),
            body: body.to_string().into_bytes(),
        }
    }

    fn note(ledger: &Ledger, call: &Call, status: u16, body: &Value) {
        ledger.note(&Pending::of(call).expect("a call that concerns accounts"), &answer(status, body));
    }

    fn sign_up(email: &str) -> Call {
        Call::post("/auth/signup").json(&json!({"email": email, "password": "first"}))
    }

    #[test]
    fn an_account_is_known_with_each_of_its_passwords_and_credentials_the_latest_last() {
        let ledger = Ledger::default();
        note(&ledger, &sign_up("a@example.test"), 201, &json!({"user_id": "1", "access_token": "one"}));
        let change = json!({"current_password": "first", "new_password": "second"});
        let call = Call::post("/auth/password").json(&change).bearer("one");
        note(&ledger, &call, 200, &json!({"user_id": "1", "access_token": "two"}));
        let expected = Account {
            user_id: Some("1".to_owned()),
            email: "a@example.test".to_owned(),
            passwords: vec!["first".to_owned(), "second".to_owned()],
            credentials: ["one", "two"].map(|token| Credential::Bearer(token.to_owned())).to_vec(),
            deleted: false,
        };
        assert_eq!(ledger.accounts(), [expected]);
    }

    #[test]
    fn a_sign_up_that_was_refused_made_no_account_and_a_refused_change_no_password() {
        let ledger = Ledger::default();
        note(&ledger, &sign_up("a@example.test"), 409, &json!({}));
        assert_eq!(ledger.accounts(), []);
        note(&ledger, &sign_up("a@example.test"), 201, &json!({"user_id": "1", "access_token": "one"}));
        let change = json!({"current_password": "wrong", "new_password": "second"});
        note(&ledger, &Call::post("/auth/password").json(&change).bearer("one"), 403, &json!({}));
        assert_eq!(ledger.accounts()[0].passwords, ["first"]);
    }

    #[test]
    fn an_account_that_a_check_deleted_is_deleted_and_another_one_is_not() {
        let ledger = Ledger::default();
        note(&ledger, &sign_up("a@example.test"), 201, &json!({"user_id": "1", "access_token": "one"}));
        note(&ledger, &sign_up("b@example.test"), 201, &json!({"user_id": "2", "access_token": "two"}));
        let delete = Call::delete("/auth/account").json(&json!({"password": "first"})).bearer("two");
        note(&ledger, &delete, 204, &Value::Null);
        let deleted: Vec<_> = ledger.accounts().iter().map(|account| account.deleted).collect();
        assert_eq!(deleted, [false, true]);
    }

    #[test]
    fn an_address_that_is_free_again_gives_a_second_account() {
        let ledger = Ledger::default();
        note(&ledger, &sign_up("a@example.test"), 201, &json!({"user_id": "1", "access_token": "one"}));
        note(&ledger, &Call::post("/auth/account/delete").bearer("one"), 204, &Value::Null);
        note(&ledger, &sign_up("a@example.test"), 201, &json!({"user_id": "2", "access_token": "two"}));
        // The same response again refers to the same account.
        note(&ledger, &sign_up("a@example.test"), 201, &json!({"user_id": "2", "access_token": "three"}));
        let known: Vec<_> = ledger.accounts().into_iter().map(|one| (one.user_id, one.deleted)).collect();
        assert_eq!(known, [(Some("1".to_owned()), true), (Some("2".to_owned()), false)]);
    }

    #[test]
    fn a_call_that_concerns_no_account_is_not_kept() {
        assert!(Pending::of(&Call::get("/me")).is_none());
        assert!(Pending::of(&Call::get("/auth/signup")).is_none());
        assert!(Pending::of(&Call::post("/auth/logout")).is_none());
        assert!(Pending::of(&Call::post("/auth/signup?x=1")).is_some());
    }
}
