//! How many connections each address has open, and how many it may have.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts the open connections of each address. It remembers no address without one, so that it is as large as there are
/// connections and no larger.
#[derive(Clone)]
pub(super) struct Addresses {
    most: usize,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// An open connection; dropping it gives its place to the next from the same address.
pub(super) struct Counted {
    addresses: Addresses,
    address: IpAddr,
}

impl Addresses {
    pub(super) fn new(most: usize) -> Self {
        Self { most, open: Arc::default() }
    }

    /// Counts one more from this address, unless it has as many as it may.
    pub(super) fn enter(&self, address: IpAddr) -> Option<Counted> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Counted { addresses: self.clone(), address })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.addresses.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_as_many_as_it_may_and_others_are_not_touched() {
        let addresses = Addresses::new(2);
        let (one, other): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let held: Vec<_> = (0..3).map(|_| addresses.enter(one)).collect();
        assert_eq!(held.iter().map(Option::is_some).collect::<Vec<_>>(), [true, true, false]);
        assert!(addresses.enter(other).is_some());
        drop(held);
        assert!(addresses.enter(one).is_some());
        assert!(addresses.open.lock().unwrap().is_empty());
    }
}
