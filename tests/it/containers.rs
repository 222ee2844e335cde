//! Redis in a container: the only kind that a test can freeze, disconnect and restore.
//!
//! The image is `AUTHLAB_REDIS_IMAGE`, or the pinned public one that `cargo lab` uses too.

use std::time::{Duration, Instant};

use kit::Redis;
use kit::config::RedisTimes;
use kit::redis::discovery::DEFAULT_IMAGE;
use kit::testing::{Part, found_or_skip};
use testcontainers::core::IntoContainerPort;
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, GenericImage};

/// How long a started container may take to respond to its first PING.
const PATIENCE: Duration = Duration::from_secs(20);

/// A Redis in a container, which is removed when this is dropped.
pub(crate) struct RedisContainer {
    /// The URL of the Redis.
    pub(crate) url: String,
    container: ContainerAsync<GenericImage>,
}

impl RedisContainer {
    /// Starts a container and waits until Redis responds; `None`, with a message, if there is no Docker or no image.
    pub(crate) async fn start() -> Option<Self> {
        let image = image();
        let (name, tag) = name_and_tag(&image);
        let image = GenericImage::new(name, tag).with_exposed_port(6379.tcp());
        let container = found_or_skip(Part::Docker, image.start().await.map_err(|error| sentence(&error)))?;
        let host = container.get_host().await.expect("a started container has a host");
        let port = container.get_host_port_ipv4(6379).await.expect("a started container publishes its port");
        let this = Self { url: format!("redis://{host}:{port}"), container };
        this.connect().await;
        Some(this)
    }

    /// Connects, with retries: Docker publishes the port before Redis listens on it.
    pub(crate) async fn connect(&self) -> Redis {
        let start = Instant::now();
        loop {
            match Redis::connect(&self.url, RedisTimes::default()).await {
                Ok(redis) => return redis,
                Err(error) if start.elapsed() > PATIENCE => panic!("{error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// Freezes the container: connections stay open without any response, as when a machine hangs.
    pub(crate) async fn pause(&self) {
        self.container.pause().await.expect("a running container can be paused");
    }

    /// Continues the frozen container.
    pub(crate) async fn unpause(&self) {
        self.container.unpause().await.expect("a paused container goes on");
    }
}

fn image() -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "it names a part of the test, not how the code under test behaves"
    )]
    std::env::var("AUTHLAB_REDIS_IMAGE").unwrap_or_else(|_| DEFAULT_IMAGE.into())
}

/// Splits an image into name and tag. A registry's port is not a tag: only a colon after the last slash separates the
/// two.
fn name_and_tag(image: &str) -> (&str, &str) {
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, "latest"),
    }
}

/// An error with its causes, in one line.
fn sentence(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |said, cause| format!("{said}: {cause}"))
}

#[test]
fn an_image_is_a_name_and_a_tag() {
    assert_eq!(name_and_tag("redis:7.4.7-alpine"), ("redis", "7.4.7-alpine"));
    assert_eq!(name_and_tag("localhost:5000/redis:7"), ("localhost:5000/redis", "7"));
}

#[test]
fn a_registrys_port_is_no_tag() {
    assert_eq!(name_and_tag("localhost:5000/redis"), ("localhost:5000/redis", "latest"));
}

#[tokio::test]
async fn a_paused_redis_answers_in_time_that_it_does_not_and_lives_on_afterwards() {
    let Some(container) = RedisContainer::start().await else { return };
    let redis = container.connect().await;
    let ping = redis::cmd("PING");
    assert!(redis.version().await.expect("INFO is answered").starts_with("redis "));

    container.pause().await;
    let asked = Instant::now();
    redis.query::<String>(&ping).await.expect_err("nothing answers while it is paused");
    assert!(asked.elapsed() < Duration::from_secs(1), "the refusal took {:?}", asked.elapsed());

    container.unpause().await;
    let resumed = Instant::now();
    while let Err(error) = redis.query::<String>(&ping).await {
        assert!(resumed.elapsed() < PATIENCE, "it did not come back: {error}");
    }
    assert_eq!(redis.query::<String>(&ping).await.expect("it answers again"), "PONG");
}
