//! Work that is finished after the response has been sent.
//!
//! A login ends the session whose cookie the request contains, and must not fail because of that. A session that could not
//! be ended during the login is ended here, as soon as the store accepts it.

use std::fmt::Display;
use std::time::Duration;

use tokio::sync::Semaphore;

/// The first pause between two attempts; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The number of attempts. They take about ten minutes; after that the outage is not a short one.
const ATTEMPTS: u32 = 25;
/// How many endings may wait at once. If more are waiting, the store refuses everything, and the server's memory must stay
/// bounded.
const PLACES: usize = 1024;

static FREE: Semaphore = Semaphore::const_new(PLACES);

/// Repeats an operation that failed with `error` in the background, until `attempt` returns `true`. The operation is given
/// up, with an error in the log, after about ten minutes or when too many others are waiting; it is lost when the server
/// ends. So callers must not use this for anything that a client was promised.
pub fn finish_later<F>(error: &impl Display, attempt: impl FnMut() -> F + Send + 'static)
where
    F: Future<Output = bool> + Send,
{
    tracing::warn!(%error, "the session that a login replaced could not be ended; the server tries again");
    let Ok(place) = FREE.try_acquire() else {
        return tracing::error!(
            "too many sessions are waiting to be ended, so the server does not try this one again"
        );
    };
    tokio::spawn(async move {
        let _place = place;
        if !repeated(attempt, FIRST_PAUSE).await {
            tracing::error!(
                "the server has stopped trying to end a session: the store refused every attempt"
            );
        }
    });
}

async fn repeated<F: Future<Output = bool>>(mut attempt: impl FnMut() -> F, first_pause: Duration) -> bool {
    let mut pause = first_pause;
    for _ in 0..ATTEMPTS {
        tokio::time::sleep(pause).await;
        if attempt().await {
            return true;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_attempt_is_repeated_until_it_succeeds_and_not_for_ever() {
        let mut attempts = 0;
        let third = repeated(
            || {
                attempts += 1;
                std::future::ready(attempts == 3)
            },
            FIRST_PAUSE,
        );
        assert!(third.await);
        assert_eq!(attempts, 3);
        let mut attempts = 0;
        let never = repeated(
            || {
                attempts += 1;
                std::future::ready(false)
            },
            FIRST_PAUSE,
        );
        assert!(!never.await);
        assert_eq!(attempts, ATTEMPTS);
    }
}
