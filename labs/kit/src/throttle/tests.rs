use std::time::Duration;

use super::*;

const LIMITS: LogInLimits = LogInLimits {
    failures_per_account_and_address: 10,
    failures_per_account: 30,
    failures_per_address: 15,
    failures_per_device: 4,
    failures_per_session: 3,
    sign_ups_per_address: 5,
    window_seconds: 900,
};

struct Scene {
    clock: Clock,
    throttle: Throttle,
}

impl Scene {
    fn set() -> Self {
        let clock = Clock::system();
        Self { throttle: Throttle::new(LIMITS, clock.clone()), clock }
    }

    /// An attempt from an IP address that ends in `last`.
    async fn attempt(&self, name: &str, last: u8) -> Result<Attempt<'_>, Error> {
        self.from(name, last, None).await
    }

    async fn from(&self, name: &str, last: u8, device: Option<Uuid>) -> Result<Attempt<'_>, Error> {
        let email = email(name);
        self.throttle.log_in(LogIn { email: &email, is_known: true, device, address: address(last) }).await
    }

    async fn proof(&self, session_id: Option<Uuid>, last: u8) -> Result<Attempt<'_>, Error> {
        let (email, user_id) = (email("ann"), Uuid::from_u128(7));
        self.throttle.proof(Proof { email: &email, user_id, session_id, address: address(last) }).await
    }

    async fn fail(&self, name: &str, last: u8) -> Result<(), Error> {
        self.attempt(name, last).await.map(|_counted| ())
    }
}

fn email(name: &str) -> Email {
    Email::parse(&format!("{name}@example.test")).unwrap()
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

fn is_throttled<T>(attempt: &Result<T, Error>) -> bool {
    matches!(attempt, Err(Error::Throttled { .. }))
}

#[tokio::test]
async fn ten_failures_are_looked_at_and_the_eleventh_waits_for_the_window_to_end() {
    let scene = Scene::set();
    for _ in 0..10 {
        scene.fail("ann", 1).await.unwrap();
    }
    let Err(Error::Throttled { retry_after_s }) = scene.fail("ann", 1).await else { panic!("let in") };
    assert!((899..=900).contains(&retry_after_s));
    scene.fail("ann", 2).await.unwrap();
    scene.fail("bob", 1).await.unwrap();
    scene.clock.advance(Duration::from_secs(900));
    scene.fail("ann", 1).await.unwrap();
}

#[tokio::test]
async fn a_success_forgets_its_own_account_s_failures_and_no_other_account_s_at_the_address() {
    let scene = Scene::set();
    for name in ["bob", "bob", "bob", "bob", "bob", "bob", "ann", "ann", "ann", "ann"] {
        scene.fail(name, 1).await.unwrap();
    }
    scene.attempt("ann", 1).await.unwrap().succeeded().await;
    for _ in 0..9 {
        scene.fail("ann", 1).await.unwrap();
    }
    // Six failures of Bob's and nine of Ann's use up the address's limit.
    assert!(is_throttled(&scene.fail("cat", 1).await));
    scene.fail("cat", 2).await.unwrap();
}

#[tokio::test]
async fn people_behind_one_address_who_mistype_and_then_get_it_right_do_not_use_it_up() {
    let scene = Scene::set();
    for person in 0..40 {
        let name = format!("person{person}");
        scene.fail(&name, 1).await.unwrap();
        scene.fail(&name, 1).await.unwrap();
        scene.attempt(&name, 1).await.unwrap().succeeded().await;
    }
    for guess in 0..15 {
        scene.fail(&format!("victim{guess}"), 1).await.unwrap();
    }
    assert!(is_throttled(&scene.fail("victim15", 1).await));
}

#[tokio::test]
async fn an_attacker_s_own_successes_do_not_wash_off_guesses_at_other_accounts() {
    let scene = Scene::set();
    for guess in 0..14 {
        scene.fail(&format!("victim{guess}"), 1).await.unwrap();
        scene.attempt("own", 1).await.unwrap().succeeded().await;
    }
    scene.fail("victim14", 1).await.unwrap();
    assert!(is_throttled(&scene.fail("victim15", 1).await));
}

#[tokio::test]
async fn attempts_under_way_hold_their_places() {
    let scene = Scene::set();
    let mut under_way = Vec::new();
    for _ in 0..10 {
        under_way.push(scene.attempt("ann", 1).await.unwrap());
    }
    assert!(is_throttled(&scene.fail("ann", 1).await));
    for attempt in under_way {
        attempt.withdrawn().await;
    }
    assert!(scene.fail("ann", 1).await.is_ok());
}

#[tokio::test]
async fn a_device_that_logged_in_before_passes_when_strangers_have_used_up_the_account_and_the_address() {
    let (scene, device) = (Scene::set(), Some(Uuid::from_u128(1)));
    for last in 1..=3 {
        for _ in 0..10 {
            scene.fail("ann", last).await.unwrap();
        }
    }
    for _ in 0..5 {
        scene.fail("bob", 1).await.unwrap();
    }
    assert!(is_throttled(&scene.fail("ann", 9).await), "the account");
    assert!(is_throttled(&scene.fail("cat", 1).await), "the address");
    scene.from("ann", 1, device).await.unwrap().succeeded().await;
    assert!(is_throttled(&scene.fail("ann", 9).await), "the device's success resets no stranger");
}

#[tokio::test]
async fn a_device_that_logged_in_before_has_a_limit_of_its_own() {
    let (scene, device) = (Scene::set(), Some(Uuid::from_u128(1)));
    for _ in 0..4 {
        let _failed = scene.from("ann", 1, device).await.unwrap();
    }
    assert!(is_throttled(&scene.from("ann", 1, device).await));
    assert!(scene.from("ann", 1, Some(Uuid::from_u128(2))).await.is_ok());
    assert!(scene.fail("ann", 1).await.is_ok(), "its failures are not the account's");
}

#[tokio::test]
async fn a_live_session_proves_its_password_whatever_strangers_did_and_is_limited_by_itself() {
    let (scene, session) = (Scene::set(), Some(Uuid::from_u128(1)));
    for last in 1..=3 {
        for _ in 0..10 {
            scene.fail("ann", last).await.unwrap();
        }
    }
    assert!(is_throttled(&scene.fail("ann", 1).await));
    for _ in 0..3 {
        let _failed = scene.proof(session, 1).await.unwrap();
    }
    assert!(is_throttled(&scene.proof(session, 1).await));
    scene.proof(Some(Uuid::from_u128(2)), 1).await.unwrap().succeeded().await;
}

#[tokio::test]
async fn wrong_passwords_of_a_session_count_for_log_ins_so_that_a_copied_session_gives_no_further_guesses() {
    let scene = Scene::set();
    for session in 1..=4 {
        for _ in 0..3 {
            let _failed = scene.proof(Some(Uuid::from_u128(session)), 1).await.unwrap();
        }
    }
    assert!(is_throttled(&scene.fail("ann", 1).await));
    assert!(scene.fail("ann", 2).await.is_ok());
}

#[tokio::test]
async fn without_sessions_an_account_is_counted_by_the_address_that_proves_its_password() {
    let scene = Scene::set();
    for _ in 0..3 {
        let _failed = scene.proof(None, 1).await.unwrap();
    }
    assert!(is_throttled(&scene.proof(None, 1).await));
    assert!(scene.proof(None, 2).await.is_ok());
}

#[tokio::test]
async fn sign_ups_are_counted_by_address_whatever_comes_of_them_and_apart_from_log_ins() {
    let scene = Scene::set();
    for _ in 0..5 {
        scene.throttle.sign_up(address(1)).await.unwrap();
    }
    assert!(is_throttled(&scene.throttle.sign_up(address(1)).await));
    assert!(scene.throttle.sign_up(address(2)).await.is_ok());
    assert!(scene.fail("ann", 1).await.is_ok());
    scene.clock.advance(Duration::from_secs(900));
    assert!(scene.throttle.sign_up(address(1)).await.is_ok());
}
