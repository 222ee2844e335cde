//! A Redis of this machine: the program on the `PATH`, started for the test alone.

use kit::testing::private_redis;

#[tokio::test]
async fn the_program_on_the_path_is_a_redis() {
    let Some(redis) = private_redis().await else { return };
    assert!(redis.url.starts_with("redis://127.0.0.1:"), "{}", redis.url);
    assert!(redis.description.ends_with(" (path)"), "{}", redis.description);
}
