//! Argon2id in memory that is reused from one password to the next.
//!
//! The library allocates 19 MiB for each password and frees them. glibc takes them from a different part of its heap each
//! time, so that a server grows by 15 MiB per login for its first twenty logins: 320 MiB in place of 19. Here each place
//! where passwords are hashed allocates its memory once, at its first password.
//!
//! Each buffer is wiped when it is given back: its content is derived from a password and would stay as long as the server
//! runs. An attacker who reads the memory could check a guess against it at half the cost of checking it against the stored
//! hash. Wiping takes half a millisecond, and a hash about fifteen.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

use crate::error::Source;

/// OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
const PARAMS: Params = Params::DEFAULT;

/// The buffers that are not in use. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Memory(Arc<Mutex<Vec<Vec<Block>>>>);

/// A buffer for one password at a time. It is given back when dropped, even by a panic.
pub(super) struct Lent {
    blocks: Vec<Block>,
    home: Memory,
}

impl Memory {
    /// Lends a buffer that was given back, or else a new one: there are as many buffers as were ever in use at once.
    pub(super) fn lend(&self) -> Lent {
        Lent { blocks: self.pieces(Vec::pop).unwrap_or_default(), home: self.clone() }
    }

    /// Runs `with` on the buffers that are not in use. Each is always in a valid state, so a poisoned lock can be ignored.
    fn pieces<T>(&self, with: impl FnOnce(&mut Vec<Vec<Block>>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The number of buffers that are not in use.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.pieces(|pieces| pieces.len())
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut blocks = std::mem::take(&mut self.blocks);
        blocks.fill(Block::new());
        if !blocks.is_empty() {
            self.home.pieces(|pieces| pieces.push(blocks));
        }
    }
}

impl Lent {
    /// Hashes a new password, with a new salt.
    pub(super) fn hash(&mut self, password: &[u8]) -> Result<PasswordHash, Source> {
        let salt = Salt::generate();
        let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        self.fill(&Argon2::new(algorithm, version, PARAMS), password, &salt, &mut output)?;
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: ParamsString::try_from(&PARAMS)?,
            salt: Some(salt),
            hash: Some(Output::new(&output)?),
        })
    }

    /// Whether this password matches the hash, by the hash's own parameters: an older hash may have others.
    pub(super) fn verify(&mut self, password: &[u8], stored: &PasswordHash) -> Result<bool, Source> {
        let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
            return Err("a stored password hash lacks its salt or its output".into());
        };
        let algorithm = Algorithm::try_from(stored.algorithm.as_str())?;
        let version = stored.version.map(Version::try_from).transpose()?.unwrap_or_default();
        let argon2 = Argon2::new(algorithm, version, Params::try_from(stored)?);
        let mut computed = [0; Output::MAX_LENGTH];
        let computed = &mut computed[..expected.len()];
        self.fill(&argon2, password, salt, computed)?;
        // Outputs are compared in constant time.
        Ok(Output::new(computed)? == *expected)
    }

    fn fill(
        &mut self,
        argon2: &Argon2<'_>,
        password: &[u8],
        salt: &Salt,
        output: &mut [u8],
    ) -> argon2::Result<()> {
        let usual = PARAMS.block_count();
        let needed = argon2.params().block_count();
        if needed > usual {
            // A hash that needs more memory than this server's own is rare, and its memory is not kept.
            return argon2.hash_password_into(password, salt, output);
        }
        if self.blocks.is_empty() {
            self.blocks = vec![Block::new(); usual];
        }
        argon2.hash_password_into_with_memory(password, salt, output, &mut self.blocks[..])
    }
}

#[cfg(test)]
mod tests {
    use allocation_counter::measure;
    use argon2::password_hash::{PasswordHasher, PasswordVerifier};

    use super::*;

    const PASSWORD: &[u8] = b"correct horse";
    const SALT: &[u8] = b"sixteen bytes of";
    const MIB: u64 = 1024 * 1024;

    fn library(m_kib: u32, t: u32, p: u32) -> PasswordHash {
        let params = Params::new(m_kib, t, p, None).unwrap();
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_with_salt(PASSWORD, SALT)
            .unwrap()
    }

    #[test]
    fn the_first_password_takes_19_mib_and_each_later_one_less_than_1() {
        let memory = Memory::default();
        let mut hash = None;
        let first = measure(|| hash = Some(memory.lend().hash(PASSWORD).unwrap()));
        let hash = hash.unwrap();
        let costs = [
            measure(|| assert!(memory.lend().hash(b"another password").is_ok())),
            measure(|| assert!(memory.lend().verify(PASSWORD, &hash).unwrap())),
            measure(|| assert!(!memory.lend().verify(b"another password", &hash).unwrap())),
        ];
        assert!((19 * MIB..20 * MIB).contains(&first.bytes_total), "{first:?}");
        for cost in costs {
            assert!(cost.bytes_total < MIB, "{cost:?}");
        }
        assert_eq!(memory.len(), 1);
    }

    #[test]
    fn a_hash_made_in_used_memory_is_one_that_the_library_accepts() {
        let memory = Memory::default();
        for _ in 0..2 {
            let hash = memory.lend().hash(PASSWORD).unwrap();
            assert!(Argon2::default().verify_password(PASSWORD, &hash).is_ok());
            assert!(Argon2::default().verify_password(b"another password", &hash).is_err());
        }
    }

    #[test]
    fn a_stored_hash_of_other_parameters_is_checked_by_its_own() {
        let memory = Memory::default();
        let _used = memory.lend().hash(PASSWORD).unwrap();
        for stored in [library(1024, 1, 1), library(8192, 3, 2), library(32 * 1024, 1, 1)] {
            assert!(memory.lend().verify(PASSWORD, &stored).unwrap(), "{stored}");
            assert!(!memory.lend().verify(b"another password", &stored).unwrap(), "{stored}");
        }
        // The memory of a large hash was freed.
        assert_eq!(memory.pieces(|pieces| pieces[0].len()), PARAMS.block_count());
        assert_eq!(memory.len(), 1);
    }

    #[test]
    fn what_is_given_back_holds_nothing_of_a_password() {
        let memory = Memory::default();
        let is_zero =
            |blocks: &[Block]| blocks.iter().all(|block| block.as_ref().iter().all(|word| *word == 0));
        let mut lent = memory.lend();
        lent.hash(PASSWORD).unwrap();
        assert!(!is_zero(&lent.blocks));
        drop(lent);
        assert!(memory.pieces(|pieces| is_zero(&pieces[0])));
    }

    #[test]
    fn memory_comes_back_from_a_panic() {
        let memory = Memory::default();
        let panics = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut lent = memory.lend();
            lent.hash(PASSWORD).unwrap();
            panic!("in the middle");
        }));
        assert!(panics.is_err());
        assert_eq!(memory.len(), 1);
    }
}
