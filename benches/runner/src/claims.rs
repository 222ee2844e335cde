//! Measures larger and larger access tokens: the same claims with a list of roles, which no server reads.
//!
//! No lab issues such a token. The servers are started with a key that this program knows, and it signs the larger
//! tokens itself.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use harness::Failure;
use harness::client::Client;
use harness::server::Server;
use jsonwebtoken::{Algorithm, EncodingKey};
use kit::design::Part;
use measure::load::{Reach, Target};
use measure::report::ClaimStep;
use measure::rounds::Design as Measured;
use serde_json::{Value, json};

use super::context::Bench;
use super::entry::measured_in;
use super::found::Found;
use super::lineup::Lineup;
use super::plan::CONNECTIONS;

/// The key that signs the tokens of this measurement. Only servers that are stopped after the measurement know it.
const SECRET: &str = "a-secret-for-a-measurement-alone";

pub(crate) async fn measure(bench: &Bench, lineup: &Lineup) -> Found<Vec<ClaimStep>> {
    Found::by(async |found: &mut Found<Vec<ClaimStep>>| {
        if bench.plan.roles.is_empty() || bench.stop.is_told() {
            return Ok(());
        }
        bench.timeline.stage("tokens with more claims");
        let keys = format!("1={SECRET}");
        let mut servers: Vec<(&str, Server, String)> = Vec::new();
        for entered in measured_in(Part::Claims).iter().filter_map(|name| lineup.entered(name)) {
            let store = bench.store.as_config();
            let server = entered.entry.start(&store, &[("AUTHLAB_ACCESS_KEYS", keys.as_str())]).await?;
            let token = Client::of(&server)?.sign_up_and_log_in().await?.access_token;
            let token = token.ok_or_else(|| Failure::new("the login returned no access token"))?.text;
            servers.push((entered.entry.variant.name, server, token));
        }
        for roles in bench.plan.roles {
            let mut token_bytes = 0;
            let mut designs = Vec::new();
            for (name, server, token) in &servers {
                let token = with_roles(token, *roles)?;
                token_bytes = token.len() as u64;
                let target = Target::get(&server.url, "/me", Reach::LoopbackOnly)?;
                designs.push(Measured {
                    name: (*name).to_owned(),
                    target: target.header("authorization", &format!("Bearer {token}"))?,
                    pid: Some(server.pid),
                    store_pid: None,
                    store_counter: None,
                });
            }
            let what = format!("tokens of {token_bytes} bytes");
            let rounds = bench.plan.claims.closed(CONNECTIONS);
            let Some(comparison) = bench.compare(&what, &designs, rounds).await? else { break };
            found.value.push(ClaimStep { token_bytes, roles: *roles, comparison });
        }
        Ok(())
    })
    .await
}

/// The same token with `roles` roles added, signed again.
fn with_roles(token: &str, roles: usize) -> Result<String, Failure> {
    let mut parts = token.split('.');
    let (Some(header), Some(payload)) = (parts.next(), parts.next()) else {
        return Err(Failure::new("an access token has three parts"));
    };
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?;
    if roles > 0 {
        claims["roles"] = (0..roles).map(|role| json!(format!("role-{role:04}"))).collect();
    }
    let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256)?;
    Ok(format!("{message}.{signature}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_make_a_token_longer_and_no_roles_leave_its_claims_alone() {
        let payload = URL_SAFE_NO_PAD.encode(r#"{"sub":"a"}"#);
        let token = format!("e30.{payload}.AAAA");
        let claims = |token: &str| -> Value {
            let payload = token.split('.').nth(1).unwrap();
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
        };
        assert_eq!(claims(&with_roles(&token, 0).unwrap()), json!({ "sub": "a" }));
        let larger = claims(&with_roles(&token, 3).unwrap());
        assert_eq!(larger["roles"], json!(["role-0000", "role-0001", "role-0002"]));
        assert!(with_roles("no token", 1).is_err());
    }
}
