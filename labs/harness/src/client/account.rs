//! The account of a user.

use serde_json::json;
use uuid::Uuid;

use super::request::Request;

/// The password of every account that a command creates.
const PASSWORD: &str = "correct horse battery staple";

/// The e-mail address and password that a user types to sign up and to log in.
#[derive(Clone, Debug)]
pub struct Account {
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: String,
}

impl Account {
    /// An account with an e-mail address that no other account has.
    pub fn fresh() -> Self {
        // Always of the same length, so that every design's `/me` answers with the same number of bytes.
        Self::named(&Uuid::new_v4().simple().to_string())
    }

    /// An account with this name in its e-mail address.
    pub fn named(name: &str) -> Self {
        Self { email: format!("{name}@example.test"), password: PASSWORD.to_owned() }
    }

    /// The request that creates the account, which also logs the user in.
    pub fn sign_up(&self) -> Request {
        Request::post("/auth/signup", json!({ "email": self.email, "password": self.password }))
    }

    /// The request that logs the user in.
    pub fn log_in(&self) -> Request {
        Request::post("/auth/login", json!({ "email": self.email, "password": self.password }))
    }
}
