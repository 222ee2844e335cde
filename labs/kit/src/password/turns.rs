//! The queue for the places where passwords are hashed.
//!
//! With a plain queue, the client that fills it delays all others: 75 connections that signed up a taken address made every
//! legitimate login fail with 503. Here each kind of work takes turns with the others, and within a kind each address with
//! the others. When the queue is full, the longest lane of the kind that waits most gives up its latest entry for one that
//! waits less. So a flood from one address waits for itself, sign-ups from many addresses wait for sign-ups, and a single
//! client may still use everything.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::error::Error;

/// The part of the queue that an entry waits in: one for each kind of work and client address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Lane {
    /// What the password is hashed for.
    pub(crate) work: Work,
    /// The client's address; `None` for work of the server's own.
    pub(crate) address: Option<IpAddr>,
}

/// What a password is hashed for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Work {
    /// A login.
    #[default]
    LogIn,
    /// A sign-up, which any client can send with an invented e-mail address.
    SignUp,
    /// A change by a user who is logged in.
    Account,
}

/// The number of kinds of work.
const WORKS: usize = 3;

/// The places and the entries that wait for one. Clones share them.
#[derive(Clone)]
pub(super) struct Turns(Arc<Mutex<Queue>>);

struct Queue {
    free: usize,
    waiting: usize,
    max_waiting: usize,
    next_number: u64,
    lanes: HashMap<Lane, VecDeque<Entry>>,
    /// The lanes that have entries, by kind of work, the next one first.
    order: [VecDeque<Lane>; WORKS],
    /// The kind of work whose turn is next.
    turn: usize,
}

struct Entry {
    number: u64,
    /// Sends to the waiting entry when it gets a place; dropped when it must give up.
    turn: oneshot::Sender<()>,
}

/// A place to hash one password. When it is dropped, the next entry gets it.
pub(super) struct Place(Turns);

/// A waiting entry. Dropping it removes it from the queue, also when the request is abandoned.
struct Waiting {
    turns: Turns,
    lane: Lane,
    number: u64,
    turn: oneshot::Receiver<()>,
}

impl Turns {
    pub(super) fn new(places: usize, max_waiting: usize) -> Self {
        Self(Arc::new(Mutex::new(Queue {
            free: places,
            waiting: 0,
            max_waiting,
            next_number: 0,
            lanes: HashMap::new(),
            order: Default::default(),
            turn: 0,
        })))
    }

    /// The number of free places and the number of entries that wait.
    pub(super) fn state(&self) -> (usize, usize) {
        let queue = self.queue();
        (queue.free, queue.waiting)
    }

    /// Waits for a place, or fails with `OVERLOADED` if too many entries are waiting.
    pub(super) async fn place(&self, lane: Lane) -> Result<Place, Error> {
        let mut waiting = {
            let mut queue = self.queue();
            if queue.free > 0 {
                queue.free -= 1;
                return Ok(Place(self.clone()));
            }
            let (number, turn) = queue.join(lane)?;
            Waiting { turns: self.clone(), lane, number, turn }
        };
        match (&mut waiting.turn).await {
            Ok(()) => Ok(Place(self.clone())),
            Err(_dropped) => Err(OVERLOADED),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const OVERLOADED: Error = Error::Overloaded("too many passwords are waiting to be hashed");

impl Queue {
    fn join(&mut self, lane: Lane) -> Result<(u64, oneshot::Receiver<()>), Error> {
        if self.waiting >= self.max_waiting {
            self.make_room(lane)?;
        }
        let (turn, told) = oneshot::channel();
        let number = self.next_number;
        self.next_number += 1;
        let entries = self.lanes.entry(lane).or_default();
        if entries.is_empty() {
            self.order[lane.work as usize].push_back(lane);
        }
        entries.push_back(Entry { number, turn });
        self.waiting += 1;
        Ok((number, told))
    }

    /// Makes room for the newcomer by removing the latest entry of a lane, or fails. The longest lane of the kind of work
    /// that waits most gives up an entry, if that kind still has at least as many entries afterwards as the newcomer's kind
    /// then has. Otherwise the longest lane of the newcomer's own kind does, if it still has at least as many as the
    /// newcomer's lane then has.
    fn make_room(&mut self, newcomer: Lane) -> Result<(), Error> {
        let of_work = |work: usize| -> usize {
            let lanes = self.lanes.iter().filter(|(lane, _)| lane.work as usize == work);
            lanes.map(|(_, entries)| entries.len()).sum()
        };
        let own = newcomer.work as usize;
        let busiest = (0..WORKS).max_by_key(|work| of_work(*work)).unwrap_or(own);
        let crowded = if of_work(busiest) > of_work(own) + 1 { busiest } else { own };
        let lanes = self.lanes.iter().filter(|(lane, _)| lane.work as usize == crowded);
        let longest = lanes.max_by_key(|(_, entries)| entries.len());
        let least = if crowded == own { self.lanes.get(&newcomer).map_or(0, VecDeque::len) + 1 } else { 0 };
        let Some((lane, entries)) = longest.filter(|(_, entries)| entries.len() > least) else {
            return Err(OVERLOADED);
        };
        let (lane, last) = (*lane, entries.back().map(|entry| entry.number));
        if let Some(number) = last {
            self.leave(lane, number);
        }
        Ok(())
    }

    fn leave(&mut self, lane: Lane, number: u64) {
        let Some(entries) = self.lanes.get_mut(&lane) else { return };
        let Some(at) = entries.iter().position(|entry| entry.number == number) else { return };
        entries.remove(at);
        self.waiting -= 1;
        if entries.is_empty() {
            self.lanes.remove(&lane);
            self.order[lane.work as usize].retain(|other| *other != lane);
        }
    }

    /// Gives a place to the next entry that still wants one, or keeps it free.
    fn hand_on(&mut self) {
        while let Some(entry) = self.next() {
            if entry.turn.send(()).is_ok() {
                return;
            }
        }
        self.free += 1;
    }

    fn next(&mut self) -> Option<Entry> {
        let mut works = (0..WORKS).map(|ahead| (self.turn + ahead) % WORKS);
        let work = works.find(|work| !self.order[*work].is_empty())?;
        self.turn = (work + 1) % WORKS;
        let lane = self.order[work].pop_front()?;
        let entries = self.lanes.get_mut(&lane)?;
        let entry = entries.pop_front()?;
        self.waiting -= 1;
        if entries.is_empty() {
            self.lanes.remove(&lane);
        } else {
            self.order[work].push_back(lane);
        }
        Some(entry)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.queue().hand_on();
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // Under the lock, so that a place is either given before this or not at all.
        let mut queue = self.turns.queue();
        self.turn.close();
        match self.turn.try_recv() {
            // The entry got a place, but the request that wanted it is gone.
            Ok(()) => queue.hand_on(),
            Err(_none) => queue.leave(self.lane, self.number),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::Pin;

    use super::*;

    type Asking = Pin<Box<dyn Future<Output = Result<Place, Error>> + Send>>;

    fn lane(work: Work, last: u8) -> Lane {
        Lane { work, address: Some(IpAddr::from([192, 0, 2, last])) }
    }

    /// Polls a request for a place once: it then waits in the queue, or has its answer already.
    async fn asks(turns: &Turns, lane: Lane) -> Result<Asking, Result<Place, Error>> {
        let turns = turns.clone();
        let mut asking: Asking = Box::pin(async move { turns.place(lane).await });
        match futures(&mut asking).await {
            Some(answer) => Err(answer),
            None => Ok(asking),
        }
    }

    /// Polls a future once.
    async fn futures<T>(future: &mut Pin<Box<dyn Future<Output = T> + Send>>) -> Option<T> {
        std::future::poll_fn(|context| match future.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => std::task::Poll::Ready(Some(answer)),
            std::task::Poll::Pending => std::task::Poll::Ready(None),
        })
        .await
    }

    async fn waits(turns: &Turns, lane: Lane) -> Asking {
        asks(turns, lane).await.map_err(|answer| answer.map(drop)).unwrap()
    }

    #[tokio::test]
    async fn a_log_in_comes_next_although_sixty_sign_ups_of_one_address_were_there_before() {
        let turns = Turns::new(1, 64);
        let busy = turns.place(lane(Work::SignUp, 1)).await.unwrap();
        let mut flood = Vec::new();
        for _ in 0..60 {
            flood.push(waits(&turns, lane(Work::SignUp, 1)).await);
        }
        let mut same_address = waits(&turns, lane(Work::LogIn, 1)).await;
        let mut elsewhere = waits(&turns, lane(Work::LogIn, 2)).await;
        drop(busy);
        drop(futures(&mut same_address).await.unwrap().unwrap());
        drop(futures(&mut flood[0]).await.unwrap().unwrap());
        assert!(futures(&mut elsewhere).await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn of_two_addresses_that_log_in_the_one_with_a_long_lane_lets_the_other_pass() {
        let turns = Turns::new(1, 64);
        let busy = turns.place(lane(Work::LogIn, 1)).await.unwrap();
        let mut guesses = Vec::new();
        for _ in 0..30 {
            guesses.push(waits(&turns, lane(Work::LogIn, 1)).await);
        }
        let mut honest = waits(&turns, lane(Work::LogIn, 2)).await;
        drop(busy);
        drop(futures(&mut guesses[0]).await.unwrap().unwrap());
        assert!(futures(&mut honest).await.unwrap().is_ok());
    }

    /// A flood from many addresses has as many lanes, and is still one kind of work.
    #[tokio::test]
    async fn sign_ups_from_as_many_addresses_as_can_wait_leave_room_for_a_log_in_and_let_it_pass() {
        let turns = Turns::new(1, 64);
        let busy = turns.place(lane(Work::SignUp, 0)).await.unwrap();
        let mut flood = Vec::new();
        for last in 1..=64 {
            flood.push(waits(&turns, lane(Work::SignUp, last)).await);
        }
        assert!(matches!(asks(&turns, lane(Work::SignUp, 65)).await, Err(Err(Error::Overloaded(_)))));
        let mut honest = waits(&turns, lane(Work::LogIn, 200)).await;
        drop(busy);
        assert!(futures(&mut honest).await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn where_no_room_is_left_the_longest_lane_gives_way_and_its_own_newcomer_is_refused() {
        let turns = Turns::new(1, 4);
        let _busy = turns.place(lane(Work::SignUp, 1)).await.unwrap();
        let mut flood = Vec::new();
        for _ in 0..4 {
            flood.push(waits(&turns, lane(Work::SignUp, 1)).await);
        }
        assert!(matches!(asks(&turns, lane(Work::SignUp, 1)).await, Err(Err(Error::Overloaded(_)))));
        let _honest = waits(&turns, lane(Work::LogIn, 2)).await;
        assert!(matches!(futures(&mut flood[3]).await, Some(Err(Error::Overloaded(_)))));
        assert!(futures(&mut flood[2]).await.is_none());
        assert_eq!(turns.state(), (0, 4));
    }

    #[tokio::test]
    async fn one_who_hangs_up_frees_what_it_had_whether_it_waited_or_was_just_told() {
        let turns = Turns::new(1, 2);
        let busy = turns.place(Lane::default()).await.unwrap();
        let (gone, told) = (waits(&turns, Lane::default()).await, waits(&turns, Lane::default()).await);
        drop(gone);
        assert_eq!(turns.state(), (0, 1));
        drop(busy);
        assert_eq!(turns.state(), (0, 0), "the other has been given the place");
        drop(told);
        assert_eq!(turns.state(), (1, 0));
        assert!(turns.place(Lane::default()).await.is_ok());
    }
}
