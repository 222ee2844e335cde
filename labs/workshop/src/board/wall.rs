//! The board's data: which learner has done which steps, within limits.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use kit::Clock;
use serde::{Deserialize, Serialize};

use super::nickname::Nickname;
use crate::course::Course;

/// The most learners on one board: more than fit in a room.
pub(super) const LEARNERS: usize = 200;

/// A learner's report: the whole body of a post.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) nickname: Nickname,
    /// The names of the steps that are done.
    pub(super) steps: Vec<String>,
}

/// Why a report was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The board has the most learners that it allows.
    Full,
    /// The address has already written the most names that one address may.
    TooManyNames,
    /// The report has more than twice as many steps as the course.
    TooManySteps,
}

/// A learner, as the board shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Learner {
    pub(super) nickname: Nickname,
    pub(super) steps: BTreeSet<String>,
    /// Minutes since the learner's last report.
    pub(super) minutes: u64,
}

/// All reports: the latest of each nickname.
pub(super) struct Wall {
    clock: Clock,
    /// The most names that one address may add.
    names_per_address: usize,
    learners: BTreeMap<Nickname, Seen>,
}

struct Seen {
    steps: BTreeSet<String>,
    at_ms: u64,
    /// The network from which the name was first written.
    added_from: IpAddr,
}

impl Wall {
    pub(super) fn new(clock: Clock, names_per_address: usize) -> Self {
        Self { clock, names_per_address, learners: BTreeMap::new() }
    }

    /// Replaces the earlier report of this nickname. Steps that the course does not have are left out, because the
    /// learner's clone may be older or newer than the leader's. A name that is on the board can be written from every
    /// address, because a learner's address may change.
    pub(super) fn write(&mut self, report: Report, from: IpAddr, course: &Course) -> Result<(), Refusal> {
        let Report { nickname, steps } = report;
        if steps.len() > course.steps().count() * 2 {
            return Err(Refusal::TooManySteps);
        }
        let added_from = match self.learners.get(&nickname) {
            Some(seen) => seen.added_from,
            None => self.place_for_one_more(network(from))?,
        };
        let known = steps.into_iter().filter(|step| course.step(step).is_some());
        let seen = Seen { steps: known.collect(), at_ms: self.clock.now_ms(), added_from };
        self.learners.insert(nickname, seen);
        Ok(())
    }

    /// The network, if it may add one more name.
    fn place_for_one_more(&self, network: IpAddr) -> Result<IpAddr, Refusal> {
        let added = self.learners.values().filter(|seen| seen.added_from == network).count();
        if added >= self.names_per_address {
            return Err(Refusal::TooManyNames);
        }
        if self.learners.len() >= LEARNERS {
            return Err(Refusal::Full);
        }
        Ok(network)
    }

    /// The learners, those with the most steps first; learners with equally many steps are sorted by name.
    pub(super) fn learners(&self) -> Vec<Learner> {
        let now_ms = self.clock.now_ms();
        let learner = |(nickname, seen): (&Nickname, &Seen)| Learner {
            nickname: nickname.clone(),
            steps: seen.steps.clone(),
            minutes: now_ms.saturating_sub(seen.at_ms) / 60_000,
        };
        let mut learners: Vec<Learner> = self.learners.iter().map(learner).collect();
        learners.sort_by_key(|learner| std::cmp::Reverse(learner.steps.len()));
        learners
    }
}

/// The network that counts as one address: an IPv4 address, or an IPv6 /64, of which a machine may use every address.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const FROM: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const NEIGHBOUR: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn course() -> Course {
        Course::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap()
    }

    fn report(nickname: &str, steps: &[&str]) -> Report {
        Report {
            nickname: nickname.parse().unwrap(),
            steps: steps.iter().map(|&step| step.to_owned()).collect(),
        }
    }

    #[test]
    fn the_last_report_of_a_name_counts_and_who_is_furthest_comes_first() {
        let (course, mut wall) = (course(), Wall::new(Clock::system(), 5));
        for (name, steps) in [
            ("bob", &["token.base64url"][..]),
            ("ann", &["token.base64url", "token.hmac", "of.another-course"]),
            ("cid", &["token.base64url"]),
            ("bob", &[]),
        ] {
            wall.write(report(name, steps), FROM, &course).unwrap();
        }
        let learners = wall.learners();
        let told: Vec<_> =
            learners.iter().map(|learner| (learner.nickname.to_string(), learner.steps.len())).collect();
        assert_eq!(told, [("ann".into(), 2), ("cid".into(), 1), ("bob".into(), 0)]);
    }

    #[test]
    fn there_is_room_for_so_many_and_those_who_are_there_may_go_on() {
        let (course, mut wall) = (course(), Wall::new(Clock::system(), LEARNERS));
        for number in 0..LEARNERS {
            wall.write(report(&number.to_string(), &[]), FROM, &course).unwrap();
        }
        assert_eq!(wall.write(report("one more", &[]), NEIGHBOUR, &course), Err(Refusal::Full));
        assert_eq!(wall.write(report("7", &["token.hmac"]), FROM, &course), Ok(()));
        assert_eq!(wall.learners().len(), LEARNERS);
    }

    #[test]
    fn one_address_adds_so_many_names_and_another_address_has_room_for_its_own() {
        let (course, mut wall) = (course(), Wall::new(Clock::system(), 2));
        let mut write = |name: &str, from: IpAddr| wall.write(report(name, &[]), from, &course);
        assert_eq!((write("a", FROM), write("b", FROM)), (Ok(()), Ok(())));
        assert_eq!(write("c", FROM), Err(Refusal::TooManyNames));
        assert_eq!(write("b", FROM), Ok(()), "a name that is there can be written again");
        assert_eq!(write("c", NEIGHBOUR), Ok(()));
        assert_eq!(write("a", NEIGHBOUR), Ok(()), "from every address");
        assert_eq!(write("d", NEIGHBOUR), Ok(()), "and it does not count as added there");
        assert_eq!(write("e", NEIGHBOUR), Err(Refusal::TooManyNames));
    }

    #[test]
    fn the_addresses_of_one_machine_count_as_one() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    #[test]
    fn a_report_with_more_steps_than_a_course_has_is_refused() {
        let (course, mut wall) = (course(), Wall::new(Clock::system(), 5));
        let many = vec!["token.hmac"; course.steps().count() * 2 + 1];
        assert_eq!(wall.write(report("ann", &many), FROM, &course), Err(Refusal::TooManySteps));
        assert_eq!(wall.write(report("ann", &many[1..]), FROM, &course), Ok(()));
    }
}
