//! Tests the peers that exchange refresh tokens: that they rotate and refuse as they must, and that they lack what the
//! report says they lack. The hybrid, which lacks none of it, is their counterpart.

use harness::client::connections;
use harness::design::HYBRID;
use kit::config::Variables;
use kit::{Clock, Config, Origins};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::*;
use crate::exchange::Holder;
use crate::exchange::wire::{Client, Wire};

/// What a server answers to four requests for an exchange.
#[derive(Debug, PartialEq, Eq)]
struct Answers {
    /// A client repeats an exchange whose response was lost.
    repeated: &'static str,
    /// A thief presents a token that the user has exchanged, and its successor too.
    replayed: &'static str,
    /// After that, the user exchanges the current token.
    after_the_replay: &'static str,
    /// A token that the server has not issued.
    unknown: &'static str,
}

#[tokio::test]
async fn the_hybrid_accepts_a_retry_and_ends_the_session_after_a_replay() {
    let variables = Variables::of(&[("AUTHLAB_REFRESH_WINDOW", "0")]);
    let config = Config { variables, ..Config::default() };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let origins = Origins::new(&[], address, HYBRID.name);
    let router = HYBRID.router(&config, Clock::system(), origins).await.unwrap();
    tokio::spawn(kit::serve(listener, router, config.limits, std::future::pending()));
    let answers = answers(&format!("http://{address}"), Wire::Contract).await;
    let expected = Answers {
        repeated: "200 OK",
        replayed: "401 Unauthorized",
        after_the_replay: "401 Unauthorized",
        unknown: "401 Unauthorized",
    };
    assert_eq!(answers, expected);
}

#[tokio::test]
async fn express_refresh_rotates_and_refuses_a_replay_but_the_session_goes_on() {
    let expected = Answers {
        repeated: "401 Unauthorized",
        replayed: "401 Unauthorized",
        after_the_replay: "200 OK",
        unknown: "401 Unauthorized",
    };
    answers_of_peer("express-refresh", &expected).await;
}

#[tokio::test]
async fn oidc_provider_rotates_and_ends_the_session_after_a_replay_or_a_retry() {
    let expected = Answers {
        repeated: "400 Bad Request",
        replayed: "400 Bad Request",
        after_the_replay: "400 Bad Request",
        unknown: "400 Bad Request",
    };
    answers_of_peer("oidc-provider", &expected).await;
}

async fn answers_of_peer(name: &str, expected: &Answers) {
    let Some(redis) = kit::testing::private_redis().await else { return };
    let peer = PEERS.into_iter().find(|peer| peer.name == name).unwrap();
    let Work::Exchange { wire, keys, .. } = peer.work else { panic!("{name} exchanges no tokens") };
    let Some(server) = started(&peer, Some(&redis.url)).await else { return };
    assert_eq!(answers(&server.url, wire).await, *expected);

    drop(server);
    let commands = Commands::of(&redis.url).await.unwrap();
    assert_ne!(commands.weight().await.unwrap(), Some(0), "its tokens are in Redis");
    commands.delete("another prefix").await.unwrap();
    assert_ne!(commands.weight().await.unwrap(), Some(0));
    commands.delete(keys).await.unwrap();
    assert_eq!(commands.weight().await.unwrap(), Some(0), "all of its keys begin with `{keys}`");
}

async fn answers(url: &str, wire: Wire) -> Answers {
    let http = connections().unwrap();
    let exchange = async |client: &mut Client| status(client.exchange(&http, url).await);

    let mut user = wire.log_in(&http, url).await.unwrap();
    let mut before = user.clone();
    assert_eq!(exchange(&mut user).await, "200 OK");
    assert_ne!(user.token(), before.token(), "an exchange gives another token");
    let repeated = exchange(&mut before).await;

    let mut user = wire.log_in(&http, url).await.unwrap();
    let mut thief = stolen_from(&user);
    assert_eq!([exchange(&mut user).await, exchange(&mut user).await], ["200 OK"; 2]);
    let replayed = exchange(&mut thief).await;
    let after_the_replay = exchange(&mut user).await;

    let mut stranger = wire.log_in(&http, url).await.unwrap();
    "not-a-token".clone_into(stranger.token());
    Answers { repeated, replayed, after_the_replay, unknown: exchange(&mut stranger).await }
}

/// A copy of the token, without the idempotency key, which a thief does not have.
fn stolen_from(user: &Client) -> Client {
    let mut copy = user.clone();
    if let Client::Contract(held) = &mut copy {
        held.refresh_key = Uuid::new_v4();
    }
    copy
}

fn status(exchanged: Result<(), Failure>) -> &'static str {
    let Err(refused) = exchanged else { return "200 OK" };
    let refused = refused.to_string();
    let known = ["400 Bad Request", "401 Unauthorized"].into_iter().find(|status| refused.ends_with(status));
    known.unwrap_or_else(|| panic!("{refused}"))
}
