//! Random histories of two users, compared with the contract.

use std::time::{Duration, Instant};

use kit::Clock;
use kit::keyring::Keyring;
use lab4_hybrid::chain::Keys;
use lab4_hybrid::store::{Policy, Store};
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use uuid::Uuid;

use crate::contract::{
    ABSOLUTE, Asked, ENDED_REMEMBERED, EXPIRED_REMEMBERED, History, IDLE, SESSIONS, TICK, Told, WINDOW,
};
use crate::effort::effort;
use crate::person::{Device, Person, Row};
use crate::place::{InMemory, InRedis, Place};

/// One action. There are two users; session numbers wrap around; tokens are counted back from the newest that the
/// device got.
#[derive(Clone, Debug)]
enum Action {
    LogIn {
        user: usize,
        stale: bool,
    },
    Show {
        user: usize,
        session: usize,
        back: i32,
        key: Option<u8>,
        stale: bool,
    },
    Forge {
        user: usize,
        session: usize,
        byte: usize,
        bit: u8,
    },
    LogOut {
        user: usize,
        session: usize,
    },
    /// Logs out with the id of another user's session.
    LogOutOfAnothers {
        user: usize,
        session: usize,
    },
    LogOutOthers {
        user: usize,
        session: usize,
    },
    /// Log out everywhere, or a new password. If not `heard`, the server crashed after writing the row and before
    /// telling the store.
    EndAll {
        user: usize,
        heard: bool,
    },
    Delete {
        user: usize,
    },
    Wait {
        ticks: u64,
    },
    /// The command is sent again, as if its response had been lost.
    Twice(Box<Action>),
    /// Two servers do this at once.
    Together(Box<Action>, Box<Action>),
    /// The store answered, and a failover lost what it had written.
    Lost(Box<Action>),
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let (user, session, stale) = (|| 0..2_usize, || 0..4_usize, || prop::bool::weighted(0.1));
    // Mostly a token that a legitimate client presents, otherwise an ancestor or one that a failover has lost.
    let back = prop_oneof![6 => Just(0), 4 => Just(1), 1 => 2..4_i32, 1 => Just(-1), 1 => Just(-2)];
    let key = prop_oneof![2 => Just(None), 1 => (0..2_u8).prop_map(Some)];
    let show = (user(), session(), back, key, stale());
    let show =
        show.prop_map(|(user, session, back, key, stale)| Action::Show { user, session, back, key, stale });
    let forge = (user(), session(), any::<usize>(), 0..8_u8);
    let one = prop_oneof![
        3 => (user(), stale()).prop_map(|(user, stale)| Action::LogIn { user, stale }),
        8 => show,
        1 => forge.prop_map(|(user, session, byte, bit)| Action::Forge { user, session, byte, bit }),
        1 => (user(), session()).prop_map(|(user, session)| Action::LogOut { user, session }),
        1 => (user(), session()).prop_map(|(user, session)| Action::LogOutOfAnothers { user, session }),
        1 => (user(), session()).prop_map(|(user, session)| Action::LogOutOthers { user, session }),
        1 => (user(), prop::bool::weighted(0.8)).prop_map(|(user, heard)| Action::EndAll { user, heard }),
    ]
    .boxed();
    let pair = (one.clone(), one.clone()).prop_map(|(one, other)| Action::Together(one.into(), other.into()));
    let happening = prop_oneof![
        10 => one.clone(),
        1 => one.clone().prop_map(|one| Action::Twice(one.into())),
        3 => pair.clone(),
        1 => one.prop_map(|one| Action::Lost(one.into())),
        1 => pair.prop_map(|pair| Action::Lost(pair.into())),
        4 => (1..8_u64).prop_map(|ticks| Action::Wait { ticks }),
        1 => (8..80_u64).prop_map(|ticks| Action::Wait { ticks }),
    ];
    let rest = prop::collection::vec(happening, 4..24);
    // An account is deleted at most once, and late in the sequence, because little can happen to it afterwards.
    (rest, prop::option::weighted(0.2, user())).prop_map(|(mut actions, deleted)| {
        if let Some(user) = deleted {
            actions.insert(actions.len() * 2 / 3, Action::Delete { user });
        }
        actions
    })
}

/// A sequence while it runs.
struct Run<'a, P: Place> {
    place: &'a P,
    stores: [P::Store; 2],
    clock: Clock,
    now: u64,
    keys: Keys,
    people: [Person; 2],
}

impl<'a, P: Place> Run<'a, P> {
    async fn start(place: &'a P, window: u64) -> Self {
        let clock = Clock::system();
        let seconds = Duration::from_secs;
        let policy = Policy {
            window: seconds(window),
            idle: seconds(IDLE),
            absolute: seconds(ABSOLUTE),
            sessions_per_user: SESSIONS,
            ended_remembered: seconds(ENDED_REMEMBERED),
            expired_remembered: seconds(EXPIRED_REMEMBERED),
        };
        let person = || Person {
            id: Uuid::new_v4(),
            row: Row::default(),
            devices: Vec::new(),
            possible: vec![History::new(window)],
        };
        let stores = place.open(policy, clock.clone()).await;
        let keys = Keys::derive(&Keyring::random()).unwrap();
        Self { place, stores, clock, now: TICK, keys, people: [person(), person()] }
    }

    /// The question that an action asks the store, and for which user. It reads and changes the row.
    fn ask(&mut self, action: &Action) -> Option<(usize, Asked)> {
        let now = self.now;
        let of = |person: &Person, session: usize| session.checked_rem(person.devices.len());
        match *action {
            Action::LogIn { user, stale } => {
                let Self { people, keys, .. } = self;
                let person = &mut people[user];
                let epoch = person.row.read(stale, now);
                if person.row.deleted && epoch == person.row.epoch {
                    return None;
                }
                person.devices.push(Device::of(keys, person.id));
                Some((user, Asked::LogIn { session: person.devices.len() - 1, epoch }))
            }
            Action::Show { user, session, back, key, stale } => {
                let person = &self.people[user];
                let (session, epoch) = (of(person, session)?, person.row.read(stale, now));
                if person.row.deleted && epoch == person.row.epoch {
                    return None;
                }
                let newest = i32::try_from(person.devices[session].newest).unwrap();
                let number = u32::try_from((newest - back).max(1)).unwrap();
                Some((user, Asked::Refresh { session, number, epoch, key }))
            }
            Action::LogOut { user, session } => {
                Some((user, Asked::End { session: of(&self.people[user], session)? }))
            }
            Action::LogOutOthers { user, session } => {
                Some((user, Asked::EndOthers { keep: of(&self.people[user], session)? }))
            }
            Action::EndAll { user, heard } => {
                let row = &mut self.people[user].row;
                if row.deleted {
                    return None;
                }
                row.raise(now);
                heard.then_some((user, Asked::EndAll { epoch: row.epoch }))
            }
            Action::Delete { user } => {
                let row = &mut self.people[user].row;
                row.raise(now);
                row.deleted = true;
                Some((user, Asked::EndAll { epoch: row.epoch }))
            }
            _ => None,
        }
    }

    async fn act(&mut self, action: &Action) -> Result<(), String> {
        match action {
            Action::Wait { ticks } => {
                self.now += ticks * TICK;
                self.clock.advance(Duration::from_secs(ticks * TICK));
                Ok(())
            }
            Action::Forge { user, session, byte, bit } => self.forge(*user, *session, *byte, *bit),
            Action::LogOutOfAnothers { user, session } => self.log_out_of_anothers(*user, *session).await,
            Action::Twice(one) => {
                let Some((user, asked)) = self.ask(one) else { return Ok(()) };
                self.put(user, asked, 0).await?;
                self.put(user, asked, 1).await
            }
            Action::Together(one, other) => {
                let asked = [self.ask(one), self.ask(other)];
                self.put_together(asked.into_iter().flatten().collect()).await
            }
            Action::Lost(lost) => self.lose(lost).await,
            one => {
                let Some((user, asked)) = self.ask(one) else { return Ok(()) };
                self.put(user, asked, user).await
            }
        }
    }

    async fn put(&mut self, user: usize, asked: Asked, server: usize) -> Result<(), String> {
        let question = self.people[user].question(&self.keys, asked);
        let told = question.put_to(self.stores[server].clone()).await;
        self.people[user].heard(self.now, asked, &told)
    }

    async fn put_together(&mut self, asked: Vec<(usize, Asked)>) -> Result<(), String> {
        let mut tasks = Vec::new();
        for (server, (user, asked)) in asked.iter().enumerate() {
            let question = self.people[*user].question(&self.keys, *asked);
            tasks.push(tokio::spawn(question.put_to(self.stores[server].clone())));
        }
        let mut told: [(Vec<Asked>, Vec<Told>); 2] = Default::default();
        for ((user, asked), task) in asked.into_iter().zip(tasks) {
            told[user].0.push(asked);
            told[user].1.push(task.await.map_err(|error| error.to_string())?);
        }
        for (person, (asked, told)) in self.people.iter_mut().zip(told) {
            if !asked.is_empty() {
                person.heard_both(&asked, &told, self.now)?;
            }
        }
        Ok(())
    }

    /// Runs an action and undoes its writes in the store. The rows are not in Redis, and keep their content.
    async fn lose(&mut self, lost: &Action) -> Result<(), String> {
        let mut copies = Vec::new();
        for person in &self.people {
            let copy = self.place.copy(&self.stores, person.id).await;
            copies.push((person.id, copy, person.possible.clone()));
        }
        // Boxed, because the recursion would give the future an infinite size. It is one action deep.
        Box::pin(self.act(lost)).await?;
        for (person, (id, copy, possible)) in self.people.iter_mut().zip(copies) {
            self.place.restore(&mut self.stores, id, copy).await;
            person.possible = possible;
        }
        Ok(())
    }

    /// Flips one bit of a token: the forged token is refused without asking the store.
    fn forge(&mut self, user: usize, session: usize, byte: usize, bit: u8) -> Result<(), String> {
        let person = &mut self.people[user];
        let Some(session) = session.checked_rem(person.devices.len()) else { return Ok(()) };
        let device = &mut person.devices[session];
        let newest = device.newest;
        let mut text = device.token(&self.keys, newest).same().expose().to_owned().into_bytes();
        let byte = byte % text.len();
        text[byte] ^= 1 << bit;
        let accepted = String::from_utf8(text).is_ok_and(|text| self.keys.verify(&text).is_some());
        if accepted {
            Err(format!("bit {bit} of byte {byte} was flipped, and the token is ours"))
        } else {
            Ok(())
        }
    }

    async fn log_out_of_anothers(&mut self, user: usize, session: usize) -> Result<(), String> {
        let other = &self.people[1 - user];
        let Some(session) = session.checked_rem(other.devices.len()) else { return Ok(()) };
        match self.stores[0].end(self.people[user].id, other.devices[session].id).await {
            Ok(false) => Ok(()),
            answer => Err(format!("ending another user's session: {answer:?}")),
        }
    }

    /// The session lists of both users must agree with the contract, and so must `live` for each session.
    async fn look(&mut self, thoroughly: bool) -> Result<(), String> {
        for user in 0..2 {
            let epoch = self.people[user].row.epoch;
            self.put(user, Asked::List { epoch }, user).await?;
            for session in 0..self.people[user].devices.len() * usize::from(thoroughly) {
                self.put(user, Asked::Live { session, epoch }, user).await?;
            }
        }
        Ok(())
    }
}

/// Runs one sequence from beginning to end.
async fn holds<P: Place>(place: &P, strict: bool, actions: &[Action]) -> Result<(), String> {
    let mut run = Run::start(place, if strict { 0 } else { WINDOW }).await;
    for (number, action) in actions.iter().enumerate() {
        let step = async {
            run.act(action).await?;
            run.look(false).await
        };
        step.await.map_err(|broken| format!("action {number}, {action:?}: {broken}"))?;
    }
    run.look(true).await
}

fn check<P: Place>(name: &str, runtime: &tokio::runtime::Runtime, place: &P, sequences: u32) {
    let start = Instant::now();
    let mut runner = TestRunner::new(Config {
        cases: sequences,
        max_shrink_iters: 4000,
        source_file: Some(file!()),
        // A failing seed is stored beside this file, and tried first from then on.
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..Config::default()
    });
    let steps = std::cell::Cell::new(0);
    let outcome = runner.run(&(prop::bool::weighted(0.2), actions()), |(strict, actions)| {
        steps.set(steps.get() + actions.len());
        let held = runtime.block_on(holds(place, strict, &actions));
        held.map_err(proptest::test_runner::TestCaseError::fail)
    });
    if let Err(broken) = outcome {
        panic!("{name} breaks the contract: {broken}");
    }
    println!("{name}: {sequences} sequences of {} actions in {:.1?}", steps.get(), start.elapsed());
}

#[test]
fn the_store_in_memory_keeps_the_contract() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    check("memory", &runtime, &InMemory, effort(2000, 100_000));
}

#[test]
fn the_store_in_redis_keeps_the_contract() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(place) = runtime.block_on(InRedis::start()) else { return };
    check("redis", &runtime, &place, effort(400, 100_000));
}
