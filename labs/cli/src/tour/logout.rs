//! The logout problem, lived: a thief copies a credential, its owner logs out, the thief goes on trying.

use harness::Failure;
use harness::client::Client;
use harness::server::Server;
use serde::Serialize;

/// The step in which time is moved, in seconds; longer once an hour is over, so that a long-lived token is seen through
/// within a few thousand tries.
const STEP: u64 = 1;
const LONG_STEP: u64 = 60;
const HOUR: u64 = 60 * 60;
/// The longest that is waited for: a token that outlives 40 days after its owner logged out needs no exact figure.
const PATIENCE: u64 = 40 * 24 * HOUR;

/// What became of the thief.
#[derive(Debug, Serialize)]
pub(crate) struct Verdict {
    /// The design.
    pub(crate) design: &'static str,
    /// Whether the stolen copy opened `/me` after its owner had logged out.
    pub(crate) thief_in_after_logout: bool,
    /// For how many seconds after the log-out it went on to do so, by the server's clock.
    pub(crate) seconds_let_in: u64,
    /// For how many seconds the owner stays logged in without typing the password again, by the server's own word.
    pub(crate) seconds_logged_in: Option<u64>,
    /// Whether the thief could get a fresh credential after the log-out.
    pub(crate) thief_can_renew: bool,
}

/// Lives it against one server, whose clock is moved to see the end.
pub(crate) async fn live(server: &Server) -> Result<Verdict, Failure> {
    let client = Client::of(server)?;
    let person = client.sign_up_and_log_in().await?;
    let thief = person.clone();
    if !client.is_let_in(&thief).await? {
        return Err(Failure::new(format!(
            "the {} server refuses a credential that it has just issued",
            server.design
        )));
    }
    client.log_out(&person).await?;
    let logged_out_at = client.now().await?;
    let thief_in_after_logout = client.is_let_in(&thief).await?;
    let thief_can_renew = client.can_renew(&thief).await?;
    let mut seconds_let_in = 0;
    while seconds_let_in < PATIENCE && client.is_let_in(&thief).await? {
        let step = if seconds_let_in < HOUR { STEP } else { LONG_STEP };
        seconds_let_in = client.advance(step).await?.saturating_sub(logged_out_at);
    }
    let seconds_logged_in = client.stays_logged_in().await?;
    let design = server.design.name;
    Ok(Verdict { design, thief_in_after_logout, seconds_let_in, seconds_logged_in, thief_can_renew })
}
