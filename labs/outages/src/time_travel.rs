//! A Redis that comes back with other data: empty, or restored from a backup.
//!
//! The accounts are stored in a file, as a team would store them, and they contain the last generation of the store's
//! marker.

use std::time::{Duration, Instant};

use harness::Failure;
use harness::design::{HYBRID, SESSION};
use harness::server::Server;
use kit::config::{AccountsAt, RedisTimes};
use kit::marker::accept::accept;
use redis::cmd;

use super::person::{Answer, Call, Person};
use super::redis_server::{Disk, RedisServer};
use super::row::{Outcome, Promise, Setup};

/// How much the store may lose in a crash, in seconds, set to the shortest value: the row has to wait for more than
/// twice that.
const LOSS: (&str, &str) = ("AUTHLAB_STORE_LOSS", "2");
/// How much the marker's generation must rise until a backup is certainly recognised as old.
const OLD: u64 = 5;
const PATIENCE: Duration = Duration::from_secs(30);
/// How long requests are sent to the wrong store.
const LENGTH: Duration = Duration::from_secs(2);
const RECOVERY: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(50);

/// The data with which the Redis comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comes {
    Empty,
    FromBackup,
}

struct People {
    /// Has the newest refresh token of a session that is active.
    owner: Person,
    /// Has a copy of a refresh token that the owner exchanged long ago.
    thief: Person,
    /// Has logged out of the hybrid.
    left: Person,
    /// Is logged in to the session design.
    visitor: Person,
}

pub(crate) async fn row(setup: &Setup, comes: Comes) -> Result<Outcome, Failure> {
    let mut redis = setup.source.start().await?;
    if !redis.has_disk() {
        return Ok(Outcome::Skipped("the files of a Redis in a container cannot be read or written".into()));
    }
    let (folder, store) = (tempfile::tempdir()?, kit::Store::Redis(redis.url()));
    let accounts = folder.path().join("accounts.sqlite");
    let file = accounts.to_string_lossy().into_owned();
    let serve = async |design| {
        let settings = [LOSS, ("AUTHLAB_REFRESH_WINDOW", "0")];
        Server::start_with(design, &store, &["--accounts", &file], &settings).await
    };
    let (hybrid, session) = (serve(HYBRID).await?, serve(SESSION).await?);
    let mut owner = Person::sign_up(&hybrid.url, "mobile").await?;
    let left = Person::sign_up(&hybrid.url, "web").await?;
    let visitor = Person::sign_up(&session.url, "web").await?;
    let (thief, backup) = (owner.clone(), redis.disk()?);
    owner.ask(Call::Refresh).await;
    left.clone().ask(Call::LogOut).await;
    time_passes(&redis).await?;

    let newest = redis.disk()?;
    redis.kill().await?;
    match comes {
        Comes::Empty => redis.put_on_disk(None)?,
        Comes::FromBackup => redis.put_on_disk(Some(&backup))?,
    }
    redis.restart().await?;
    let mut people = People { owner, thief, left, visitor };
    let mut promises = asked(&mut people).await?;
    promises.push(told(&people, comes).await?);

    promises.push(brought_back(&mut redis, &newest, &mut people).await?);
    redis.kill().await?;
    redis.put_on_disk(None)?;
    redis.restart().await?;
    until(&people, 503).await?;
    accept(&AccountsAt::File(accounts), &store, RedisTimes::default(), false)
        .await
        .map_err(|error| Failure::new(format!("`store accept` failed: {error}")))?;
    promises.push(accepted(&mut people).await?);
    Ok(Outcome::Seen(promises))
}

/// Waits until the generations of both designs' markers have risen so much that the accounts have recorded a newer one
/// than the backup has.
async fn time_passes(redis: &RedisServer) -> Result<(), Failure> {
    let (connection, start) = (redis.connect().await?, Instant::now());
    for marker in ["auth:marker", "session:marker"] {
        let generation = async || connection.query::<u64>(cmd("HGET").arg(marker).arg("gen")).await;
        let now = generation().await?;
        while generation().await? < now + OLD {
            if start.elapsed() > PATIENCE {
                return Err(Failure::new(format!("the generation in {marker} does not rise")));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

async fn asked(people: &mut People) -> Result<Vec<Promise>, Failure> {
    let (mut answers, mut stateless, start) = (Vec::new(), 0, Instant::now());
    let mut broken = 0;
    while start.elapsed() < LENGTH {
        let People { owner, thief, left, visitor } = &mut *people;
        for (person, call) in
            [(&mut *owner, Call::Refresh), (thief, Call::Refresh), (left, Call::Refresh), (visitor, Call::Me)]
        {
            answers.push(person.ask(call).await);
        }
        stateless += 1;
        broken += usize::from(!owner.ask(Call::Me).await.is_good());
        tokio::time::sleep(PAUSE).await;
    }
    let count = |matches: fn(&Answer) -> bool| answers.iter().filter(|answer| matches(answer)).count();
    let (let_in, wrong) = (count(Answer::is_good), count(|answer| answer.status == Some(401)));
    let unfair = count(|answer| !answer.is_fair_refusal());
    let of = answers.len();
    Ok(vec![
        Promise::new("the wrong store lets no client in", format!("{let_in} of {of}"), let_in == 0),
        Promise::new("no wrong 401", format!("{wrong} of {of}"), wrong == 0),
        Promise::new(
            "refusals are 503 with Retry-After, and clear no cookie",
            format!("{unfair} others of {of}"),
            unfair == 0,
        ),
        Promise::new("stateless /me keeps working", format!("{broken} failures of {stateless}"), broken == 0),
    ])
}

async fn told(people: &People, comes: Comes) -> Result<Promise, Failure> {
    let reason = match comes {
        Comes::Empty => "its marker is missing",
        Comes::FromBackup => "it is older than the accounts",
    };
    let mut said = Vec::new();
    for person in [&people.owner, &people.visitor] {
        let (status, body) = person.readiness().await?;
        said.push((status, body["detail"].as_str().unwrap_or_default().to_owned()));
    }
    let holds = said.iter().all(|(status, detail)| *status == 503 && detail.contains(reason));
    let (status, detail) = said.swap_remove(0);
    Ok(Promise::new(format!("/health/ready says that {reason}"), format!("{status}, {detail}"), holds))
}

async fn brought_back(
    redis: &mut RedisServer,
    newest: &Disk,
    people: &mut People,
) -> Result<Promise, Failure> {
    redis.kill().await?;
    redis.put_on_disk(Some(newest))?;
    let healed = redis.restart().await?;
    until(people, 200).await?;
    let took = healed.elapsed();
    let served =
        people.owner.ask(Call::Refresh).await.is_good() && people.visitor.ask(Call::Me).await.is_good();
    Ok(Promise::within(
        "all users are served within 2 s after the right store is back",
        served.then_some(took),
        RECOVERY,
    ))
}

/// After `store accept` on an empty store: earlier sessions are over, and all users have to log in again.
async fn accepted(people: &mut People) -> Result<Promise, Failure> {
    until(people, 200).await?;
    let before = [people.owner.ask(Call::Refresh).await.status, people.visitor.ask(Call::Me).await.status];
    let base = [people.owner.base(), people.visitor.base()];
    let new =
        [Person::sign_up(base[0], "mobile").await.is_ok(), Person::sign_up(base[1], "web").await.is_ok()];
    let holds = before == [Some(401), Some(401)] && new == [true, true];
    Ok(Promise::new(
        "after `authlab store accept`, earlier sessions have ended and users can sign up",
        format!("{before:?}, {new:?}"),
        holds,
    ))
}

/// Sends requests to both servers until `/health/ready` has this status.
async fn until(people: &People, status: u16) -> Result<(), Failure> {
    let start = Instant::now();
    for person in [&people.owner, &people.visitor] {
        while person.readiness().await?.0 != status {
            if start.elapsed() > PATIENCE {
                return Err(Failure::new(format!("/health/ready did not become {status}")));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}
