//! A flood of sign-ups from one IP address while other users log in. In an earlier version, 75 connections that signed
//! up with a taken email address made every login fail with 503, because each waited for a hash in one queue with all
//! logins.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use harness::Failure;
use harness::client::Account;
use harness::server::Server;
use reqwest::Client;
use tokio::task::JoinSet;

use super::person::Person;
use super::row::{Outcome, Promise};
use super::stage::hybrid_alone;

const CONNECTIONS: usize = 75;
const FLOODED: Duration = Duration::from_secs(3);
/// Gives the flood an IP address of its own, in the header that a trusted load balancer on this machine would send.
const BALANCED: (&str, &str) = ("AUTHLAB_TRUSTED_PROXIES", "127.0.0.1");
const FLOODS_FROM: &str = "203.0.113.66";
const LIMIT: (&str, &str) = ("AUTHLAB_SIGN_UPS_PER_ADDRESS", "20");
/// A limit so high that it does not stop the flood, so that only the fair queue of the hasher protects the logins.
const UNLIMITED: (&str, &str) = ("AUTHLAB_SIGN_UPS_PER_ADDRESS", "1000000");

/// The number of answers by status; status 0 counts requests without an answer.
type Answers = BTreeMap<u16, u64>;

/// The email addresses with which the flood signs up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Signs {
    /// Always the same address, which already has an account.
    Taken,
    /// A new address each time.
    Fresh,
}

pub(crate) async fn row() -> Result<Outcome, Failure> {
    let mut promises = Vec::new();
    for (setting, signs, name) in [
        (UNLIMITED, Signs::Taken, "a taken address"),
        (UNLIMITED, Signs::Fresh, "fresh addresses"),
        (LIMIT, Signs::Fresh, "fresh addresses, limited"),
    ] {
        let hybrid = hybrid_alone(&[BALANCED, setting]).await?;
        let person = Person::sign_up(&hybrid.url, "mobile").await?;
        let (flood, log_ins) =
            tokio::join!(flood(&hybrid, signs, &person.account), log_ins(&hybrid, &person.account));
        let (flood, log_ins) = (flood?, log_ins?);
        promises.push(Promise::new(
            format!("{name}: logins all 200"),
            told(&log_ins),
            log_ins.len() == 1 && log_ins.contains_key(&200),
        ));
        let allowed: &[u16] = match signs {
            Signs::Taken => &[409, 429, 503],
            Signs::Fresh => &[201, 429, 503],
        };
        promises.push(Promise::new(
            format!("{name}: sign-ups are answered, or refused with 429 or 503"),
            told(&flood),
            flood.keys().all(|status| allowed.contains(status)),
        ));
        if setting == LIMIT {
            let made = flood.get(&201).copied().unwrap_or_default();
            let refused = flood.get(&429).copied().unwrap_or_default();
            let seen = format!("{made} created, {refused} refused with 429");
            promises.push(Promise::new(
                "no more than the 20 allowed accounts are created",
                seen,
                made <= 20 && refused > 0,
            ));
        }
    }
    Ok(Outcome::Seen(promises))
}

async fn flood(hybrid: &Server, signs: Signs, taken: &Account) -> Result<Answers, Failure> {
    let (client, until) = (Client::builder().no_proxy().build()?, Instant::now() + FLOODED);
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (client, base, taken) = (client.clone(), hybrid.url.clone(), taken.clone());
        connections.spawn(async move {
            let mut answers = Answers::new();
            while Instant::now() < until {
                let request = match signs {
                    Signs::Taken => taken.sign_up(),
                    Signs::Fresh => Account::fresh().sign_up(),
                };
                let request = request.with(("X-Forwarded-For", FLOODS_FROM.to_owned()));
                count(&mut answers, request.send(&client, &base).await);
            }
            answers
        });
    }
    let mut all = Answers::new();
    while let Some(answers) = connections.join_next().await {
        for (status, number) in answers.map_err(|error| Failure::new(error.to_string()))? {
            *all.entry(status).or_default() += number;
        }
    }
    Ok(all)
}

/// One user logs in again and again, from an IP address of their own, until the flood ends.
async fn log_ins(hybrid: &Server, account: &Account) -> Result<Answers, Failure> {
    let (client, until) = (Client::builder().no_proxy().build()?, Instant::now() + FLOODED);
    let mut answers = Answers::new();
    while Instant::now() < until {
        count(&mut answers, account.log_in().send(&client, &hybrid.url).await);
    }
    Ok(answers)
}

fn count(answers: &mut Answers, answer: reqwest::Result<reqwest::Response>) {
    let status = answer.map_or(0, |answer| answer.status().as_u16());
    *answers.entry(status).or_default() += 1;
}

fn told(answers: &Answers) -> String {
    let told: Vec<_> = answers.iter().map(|(status, number)| format!("{number} × {status}")).collect();
    told.join(", ")
}
