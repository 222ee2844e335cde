//! Tests with two tabs of a real Chromium, and a response that the server delays.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Html;
use axum::routing::{get, post};
use kit::testing::browser::Browser;
use kit::{Clock, Config, Origins};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::server::PASSWORD;

/// The page's functions: each sends a request from one of the two tabs and returns the status and the session in the
/// response.
const PAGE: &str = r#"<!doctype html><title>ready</title><iframe></iframe><iframe></iframe><script>
async function ask(tab, path, body, headers = {}) {
  const answer = await frames[tab].fetch(location.origin + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const said = await answer.json().catch(() => ({}));
  return `${answer.status} ${said.code ?? said.session_id ?? ""}`;
}
</script>"#;

/// The response to a request with this header is delayed until the page sends `POST /go`.
const HELD_BACK: &str = "x-held-back";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_real_browser_the_late_answer_of_a_refresh_displaces_no_log_in_of_another_tab() {
    let Some(mut browser) = Browser::start() else { return };
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    let origins = Origins::new(&[], address, "hybrid");
    let lab = lab4_hybrid::router(&Config::default(), Clock::system(), origins).await.unwrap();
    let (executed, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (Arc::clone(&executed), Arc::clone(&go));
    let hold_back = move |request: Request, next: Next| {
        let (tell, wait) = (Arc::clone(&tell), Arc::clone(&wait));
        async move {
            let is_held_back = request.headers().contains_key(HELD_BACK);
            let answer = next.run(request).await;
            if is_held_back {
                tell.notify_one();
                wait.notified().await;
            }
            answer
        }
    };
    let page = lab.route("/page", get(async || Html(PAGE))).route("/go", post(async move || go.notify_one()));
    let (app, limits) = (page.layer(from_fn(hold_back)), Config::default().limits);
    let server = tokio::spawn(kit::serve(listener, app, limits, std::future::pending()));

    browser.open(&format!("http://{address}/page"));
    browser.until("document.title === 'ready' && frames.length === 2");
    let who = json!({ "email": "ann@example.test", "password": PASSWORD, "client": "web" });
    let mut ask = |expression: String| browser.eval(&expression).as_str().unwrap_or_default().to_owned();
    assert!(ask(format!("ask(0, '/auth/signup', {who})")).starts_with("201 "));
    ask(format!("window.late = ask(0, '/auth/refresh', {{}}, {{ '{HELD_BACK}': 'yes' }}); ''"));
    executed.notified().await;
    let logged_in = ask(format!("ask(1, '/auth/login', {who})"));
    let late = ask("ask(1, '/go', {}).then(() => window.late)".into());
    assert_eq!((&logged_in[..4], &late[..4]), ("200 ", "200 "));
    assert_ne!(late, logged_in, "the late answer is of the session before");
    for tab in [0, 1] {
        assert_eq!(ask(format!("ask({tab}, '/auth/refresh', {{}})")), logged_in);
    }
    server.abort();
}
