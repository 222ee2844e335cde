//! All rooms: each has a random name that only its visitor knows, their number is limited, and an unused room is
//! dropped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as Lock, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use harness::Failure;
use kit::Store;
use tokio::sync::{Mutex, Semaphore};
use uuid::Uuid;

use super::room::Room;

/// The most rooms at once. One more replaces the room that has been unused for the longest time.
const MOST_ROOMS: usize = 12;
/// How long an unused room is kept.
const PATIENCE: Duration = Duration::from_secs(60 * 60);
/// How many rooms can be opened at once: opening one hashes three passwords.
const OPENING: usize = 2;

/// The rooms by name. Clones share them.
#[derive(Clone)]
pub(super) struct Rooms {
    store: Store,
    places: Arc<Semaphore>,
    by_name: Arc<Lock<HashMap<Uuid, Kept>>>,
}

struct Kept {
    room: Arc<Mutex<Room>>,
    used: Instant,
}

impl Rooms {
    pub(super) fn new(store: Store) -> Self {
        Self { store, places: Arc::new(Semaphore::new(OPENING)), by_name: Arc::default() }
    }

    /// Opens a room. Returns its name and the room.
    pub(super) async fn open(&self) -> Result<(Uuid, Arc<Mutex<Room>>), Failure> {
        let _place = self.places.acquire().await?;
        let room = Arc::new(Mutex::new(Room::open(&self.store).await?));
        let name = Uuid::new_v4();
        let kept = Kept { room: Arc::clone(&room), used: Instant::now() };
        let mut rooms = self.lock();
        while rooms.len() >= MOST_ROOMS {
            let longest = rooms.iter().min_by_key(|(_, kept)| kept.used).map(|(name, _)| *name);
            longest.and_then(|name| rooms.remove(&name));
        }
        rooms.insert(name, kept);
        Ok((name, room))
    }

    /// The room of this name, if there is one. Its time limit starts again.
    pub(super) fn find(&self, name: Uuid) -> Option<Arc<Mutex<Room>>> {
        let mut rooms = self.lock();
        let kept = rooms.get_mut(&name)?;
        kept.used = Instant::now();
        Some(Arc::clone(&kept.room))
    }

    /// Drops the rooms that have been unused for the time limit, and their servers with them.
    pub(super) fn sweep(&self, now: Instant) {
        self.lock().retain(|_, kept| now.saturating_duration_since(kept.used) < PATIENCE);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Kept>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_room_too_many_takes_the_place_of_the_one_that_was_left_first() {
        let rooms = Rooms::new(Store::Memory);
        let mut names = Vec::new();
        for _ in 0..MOST_ROOMS {
            names.push(rooms.open().await.unwrap().0);
        }
        assert!(rooms.find(names[0]).is_some());
        rooms.open().await.unwrap();
        assert!(rooms.find(names[0]).is_some(), "it was just used");
        assert!(rooms.find(names[1]).is_none(), "it was left first");
        assert_eq!(rooms.lock().len(), MOST_ROOMS);
    }

    #[tokio::test]
    async fn a_room_that_nobody_is_in_is_dropped_when_its_time_is_over_and_not_before() {
        let rooms = Rooms::new(Store::Memory);
        let name = rooms.open().await.unwrap().0;
        let opened = Instant::now();
        rooms.sweep(opened + PATIENCE / 2);
        assert!(rooms.find(name).is_some());
        rooms.sweep(opened + PATIENCE * 2);
        assert!(rooms.find(name).is_none());
    }
}
