//! Pages in a real Chromium: which of them may use a server with its cookies, and what another program's cookie does.
//!
//! `app.shop.localhost` and `api.shop.localhost` are one site (their last two labels are the same) and two origins, as
//! `app.example.com` and `api.example.com` are. Chromium resolves both names to this machine by itself.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use harness::design::{Design, HYBRID, SESSION};
use kit::testing::browser::Browser;
use kit::{Config, Origin, Origins, StartError};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Sends a request and returns what the page can read; the status is 0 if the browser withholds the response.
const ASK: &str = r#"window.ask = async (method, path, { body, bearer, ...others } = {}) => {
    const headers = { "content-type": "application/json" };
    if (bearer) headers.authorization = `Bearer ${bearer}`;
    const request = { method, headers, credentials: "include", body: body && JSON.stringify(body), ...others };
    try {
        const answer = await fetch(window.api + path, request);
        const text = await answer.text();
        return { status: answer.status, json: text ? JSON.parse(text) : null, id: answer.headers.get("x-request-id") };
    } catch {
        return { status: 0 };
    }
}"#;

/// A lab at `api.shop.localhost`, and pages of any name on another port. Both servers end when this is dropped.
struct Site {
    api: String,
    pages: u16,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Site {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Site {
    /// Starts a lab that lists its own origin and pages with these names.
    async fn start(lab: Design, listed: &[&str]) -> Result<Self, StartError> {
        let bind = async || TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = |listener: &TcpListener| listener.local_addr().expect("a bound port").port();
        let (api, pages) = (bind().await, bind().await);
        let url = format!("http://api.shop.localhost:{}", port(&api));
        let port = port(&pages);
        let listed = listed.iter().map(|name| format!("http://{name}:{port}"));
        let all: Vec<Origin> = [url.clone()]
            .into_iter()
            .chain(listed)
            .map(|origin| origin.parse().expect("an origin"))
            .collect();
        let config = Config::default();
        let origins = Origins::new(&all, api.local_addr().expect("a bound port"), "api");
        let router = lab.router(&config, kit::Clock::system(), origins).await?;
        let page = async || Html("<!doctype html><title>page</title>");
        // The server's own responses are not usable as pages: their policy lets no script send requests.
        let router = router.route("/page", get(page));
        let page = Router::new().fallback(page);
        let never = std::future::pending;
        let tasks = [
            tokio::spawn(kit::serve(api, router, config.limits, never())),
            tokio::spawn(kit::serve(pages, page, config.limits, never())),
        ];
        Ok(Self { api: url, pages: port, tasks })
    }

    /// Opens a page with this name, ready to send requests to the server.
    fn open(&self, browser: &mut Browser, name: &str) {
        browser.open(&format!("http://{name}:{}/", self.pages));
        browser.until(&format!("document.title === 'page' && location.hostname === '{name}'"));
        self.ready(browser);
    }

    fn ready(&self, browser: &mut Browser) {
        browser.eval(&format!("window.api = '{}'; {ASK}; 0", self.api));
    }
}

fn ask(browser: &mut Browser, method: &str, path: &str, with: Value) -> Value {
    browser.eval(&format!("ask('{method}', '{path}', {with})"))
}

fn status(browser: &mut Browser, method: &str, path: &str, with: Value) -> u64 {
    ask(browser, method, path, with)["status"].as_u64().expect("a status")
}

fn ann() -> Value {
    json!({"body": {"email": "ann@example.test", "password": "correct horse battery", "client": "web"}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_sibling_uses_the_hybrid_with_its_cookie_and_an_unlisted_one_gets_nothing() {
    let Some(mut browser) = Browser::start() else { return };
    let site = Site::start(HYBRID, &["app.shop.localhost"]).await.expect("the lab starts");
    site.open(&mut browser, "app.shop.localhost");
    let signed_up = ask(&mut browser, "POST", "/auth/signup", ann());
    assert_eq!(signed_up["status"], 201);
    assert!(signed_up["id"].is_string(), "the page may read x-request-id: {signed_up}");
    let bearer = json!({"bearer": signed_up["json"]["access_token"]});
    assert_eq!(status(&mut browser, "GET", "/me", bearer.clone()), 200);
    assert_eq!(status(&mut browser, "GET", "/auth/sessions", bearer), 200);
    assert_eq!(status(&mut browser, "POST", "/auth/refresh", json!({})), 200);

    site.open(&mut browser, "blog.shop.localhost");
    for path in ["/auth/refresh", "/auth/logout", "/auth/login"] {
        assert_eq!(status(&mut browser, "POST", path, ann()), 0, "{path}");
        // A request that needs no preflight is sent with the cookie, because this is the same site. The server refuses
        // it.
        let form = json!({"mode": "no-cors", "headers": {"content-type": "text/plain"}});
        assert_eq!(status(&mut browser, "POST", path, form), 0, "{path}");
    }

    site.open(&mut browser, "app.shop.localhost");
    assert_eq!(status(&mut browser, "POST", "/auth/refresh", json!({})), 200);
    assert_eq!(status(&mut browser, "POST", "/auth/logout", json!({})), 204);
    let over = ask(&mut browser, "POST", "/auth/refresh", json!({}));
    assert_eq!((&over["status"], &over["json"]["code"]), (&json!(401), &json!("unauthenticated")));
    assert_eq!(status(&mut browser, "POST", "/auth/login", ann()), 200);
    assert_eq!(status(&mut browser, "POST", "/auth/refresh", json!({})), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_sibling_uses_the_session_with_its_cookie_and_an_unlisted_one_gets_nothing() {
    let Some(mut browser) = Browser::start() else { return };
    let site = Site::start(SESSION, &["app.shop.localhost"]).await.expect("the lab starts");
    site.open(&mut browser, "app.shop.localhost");
    assert_eq!(status(&mut browser, "POST", "/auth/signup", ann()), 201);
    assert_eq!(status(&mut browser, "GET", "/me", json!({})), 200);

    site.open(&mut browser, "blog.shop.localhost");
    assert_eq!(status(&mut browser, "GET", "/me", json!({})), 0);
    assert_eq!(status(&mut browser, "POST", "/auth/logout", json!({})), 0);
    let form = json!({"mode": "no-cors", "headers": {"content-type": "text/plain"}});
    assert_eq!(status(&mut browser, "POST", "/auth/logout", form), 0);

    site.open(&mut browser, "app.shop.localhost");
    assert_eq!(status(&mut browser, "GET", "/me", json!({})), 200);
    // A typical fault of a page with an empty variable: the server must log out the cookie's session all the same.
    assert_eq!(status(&mut browser, "POST", "/auth/logout", json!({"bearer": "undefined"})), 204);
    assert_eq!(status(&mut browser, "GET", "/me", json!({})), 401);
}

/// As the book states about a page on another site: the browser neither stores nor sends `SameSite` cookies there.
#[tokio::test(flavor = "multi_thread")]
async fn a_listed_page_of_another_site_uses_access_tokens_and_has_no_cookie() {
    let Some(mut browser) = Browser::start() else { return };
    let site = Site::start(HYBRID, &["partner.localhost"]).await.expect("the lab starts");
    site.open(&mut browser, "partner.localhost");
    let signed_up = ask(&mut browser, "POST", "/auth/signup", ann());
    assert_eq!(signed_up["status"], 201);
    let bearer = json!({"bearer": signed_up["json"]["access_token"]});
    assert_eq!(status(&mut browser, "GET", "/me", bearer), 200);
    let refresh = ask(&mut browser, "POST", "/auth/refresh", json!({}));
    assert_eq!((&refresh["status"], &refresh["json"]["code"]), (&json!(401), &json!("unauthenticated")));

    site.open(&mut browser, "evil.localhost");
    assert_eq!(status(&mut browser, "POST", "/auth/login", ann()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_that_a_script_sets_hides_no_credential() {
    let Some(mut browser) = Browser::start() else { return };
    for (lab, method, asking) in [(HYBRID, "POST", "/auth/refresh"), (SESSION, "GET", "/me")] {
        let site = Site::start(lab, &[]).await.expect("the lab starts");
        browser.open(&format!("{}/page", site.api));
        browser.until(&format!("location.origin === '{}' && document.title === 'page'", site.api));
        site.ready(&mut browser);
        browser.eval("document.cookie = 'visitor=José; path=/'");
        assert_eq!(browser.eval("document.cookie"), json!("visitor=José"));
        assert_eq!(status(&mut browser, "POST", "/auth/signup", ann()), 201);
        assert_eq!(status(&mut browser, method, asking, json!({})), 200, "{lab:?}");
        assert_eq!(status(&mut browser, "POST", "/auth/logout", json!({})), 204, "{lab:?}");
        assert_eq!(status(&mut browser, method, asking, json!({})), 401, "{lab:?}");
    }
}
