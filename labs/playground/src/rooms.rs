//! All rooms: a visitor's name for theirs is a random number, there are only so many, and who stays away loses theirs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as Lock, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use harness::Failure;
use kit::Store;
use tokio::sync::{Mutex, Semaphore};
use uuid::Uuid;

use super::room::Room;

/// Rooms at once. One more takes the place of the one that nobody has been in for the longest time.
const MOST_ROOMS: usize = 12;
/// How long a room is kept for somebody who does nothing.
const PATIENCE: Duration = Duration::from_secs(60 * 60);
/// Rooms that are being opened at once: each hashes three passwords.
const OPENING: usize = 2;

/// The rooms. Clones share them.
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

    /// Opens a room, and says its name.
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

    /// The room of this name, which is in use from now on.
    pub(super) fn find(&self, name: Uuid) -> Option<Arc<Mutex<Room>>> {
        let mut rooms = self.lock();
        let kept = rooms.get_mut(&name)?;
        kept.used = Instant::now();
        Some(Arc::clone(&kept.room))
    }

    /// Drops the rooms that nobody has been in for a while, and with them their servers.
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
