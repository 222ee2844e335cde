//! Plays the logout problem: a thief copies a credential, its owner logs out, and the thief keeps trying.

use harness::Failure;
use harness::client::Client;
use harness::server::Server;
use serde::Serialize;

/// By how many seconds the clock is moved between two tries. After one hour the step is longer, so that even a
/// long-lived token needs only a few thousand tries.
const STEP: u64 = 1;
const LONG_STEP: u64 = 60;
const HOUR: u64 = 60 * 60;
/// The longest time that is tried, in seconds: a token that is valid 40 days after the logout needs no exact figure.
const PATIENCE: u64 = 40 * 24 * HOUR;

/// What the thief could do after the logout.
#[derive(Debug, Serialize)]
pub(crate) struct Verdict {
    /// The design's name.
    pub(crate) design: &'static str,
    /// Whether the stolen copy was accepted at `/me` after its owner had logged out.
    pub(crate) thief_in_after_logout: bool,
    /// For how many seconds after the logout the copy was accepted, by the server's clock.
    pub(crate) seconds_let_in: u64,
    /// For how many seconds the owner stays logged in without typing the password again, as the server states it.
    pub(crate) seconds_logged_in: Option<u64>,
    /// Whether the thief could get a new credential after the logout.
    pub(crate) thief_can_renew: bool,
}

/// Plays the logout problem against one server, whose clock is moved until the copy is refused.
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
