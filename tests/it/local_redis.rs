//! A Redis of this machine's own: the program on the `PATH`, started privately.

use kit::redis::discovery::{self, Found};

use crate::requirement::{Part, found_or_skip};

/// A private server, which ends with the value; none where there is no program, and that has been said.
pub(crate) async fn start() -> Option<Found> {
    let search = match discovery::on_path() {
        Some(program) => discovery::from_program(&program).await,
        None => Err("neither valkey-server nor redis-server is on the PATH".into()),
    };
    found_or_skip(Part::Redis, search)
}

#[tokio::test]
async fn the_program_on_the_path_is_a_redis() {
    let Some(redis) = start().await else { return };
    assert!(redis.url.starts_with("redis://127.0.0.1:"), "{}", redis.url);
    assert!(redis.description.ends_with(" (path)"), "{}", redis.description);
}
