//! The log never contains a credential, whatever its level.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use kit::none::NoAuthentication;
use kit::{App, Clock, Config, Origins};
use tower::ServiceExt;
use tracing_subscriber::fmt::MakeWriter;

/// A writer that captures what is written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Kept {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_log_at_its_finest_level_tells_of_a_request_and_holds_nothing_secret() {
    let kept = Kept::default();
    let log =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(kept.clone()).finish();
    let _guard = tracing::subscriber::set_default(log);

    let config = Config::default();
    let origins = Origins::new(&[], config.listen, "none");
    let app = App::new(NoAuthentication::default(), &config, Clock::system(), origins).await.unwrap();
    let app = kit::router(app, Router::new());
    for path in ["/auth/signup", "/auth/login", "/auth/logout", "/me?token=secret-in-query"] {
        let request = Request::post(path)
            .header("content-type", "application/json")
            .header("authorization", "Bearer secret-in-header")
            .header("cookie", "__Host-session=secret-in-cookie")
            .body(Body::from(
                r#"{"email":"someone@example.test","password":"secret-password","refresh_token":"secret-refresh"}"#,
            ));
        let answer = app.clone().oneshot(request.unwrap()).await.unwrap();
        assert_ne!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR, "{path}");
    }

    let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("/auth/login") && text.contains("log_in"), "{text}");
    for secret in ["secret", "someone@example.test"] {
        assert!(!text.contains(secret), "the log contains `{secret}`: {text}");
    }
}
