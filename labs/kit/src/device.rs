//! Devices that have logged in before.
//!
//! A login gives the device a token, and the next login from the device sends it: then the failures of attackers on the
//! account, or behind the same address, do not count against it (OWASP: Slow Down Online Guessing Attacks with Device
//! Cookies). The token authenticates nothing. It does not name an account either: its MAC covers the account and the
//! password that was proven, so it is valid for that account alone, and **a new password invalidates every earlier token**,
//! a thief's too.
//!
//! A browser stores it in a cookie; an app sends back the header that it received. Both may contain tokens of several
//! accounts, the latest first, because a family shares a browser.

use std::time::Duration;

use aws_lc_rs::hmac;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::header::SET_COOKIE;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::accounts::Known;
use crate::client::{Client, ClientKind};
use crate::cookie::{self, HostCookie, SameSite};
use crate::keyring::Keyring;

/// The header in which an app receives and sends the token.
const HEADER: HeaderName = HeaderName::from_static("device-token");
const COOKIE: HostCookie = HostCookie { name: "__Host-device", same_site: SameSite::Strict };
/// The longest time that browsers keep a cookie (RFC 6265bis §5.5).
const KEPT: Duration = Duration::from_secs(400 * 24 * 60 * 60);
/// How many accounts one device remembers.
const ACCOUNTS: usize = 4;
/// Length of a token in bytes: the device's id and the MAC.
const TOKEN_BYTES: usize = 16 + 32;
const PURPOSE: &[u8] = b"authlab device token 1";

/// Issues and recognises device tokens.
pub(crate) struct Devices {
    issuing: hmac::Key,
    checking: Vec<hmac::Key>,
}

impl Devices {
    /// Derives keys from these for this purpose alone, so that tokens share a key with no other use of the secrets.
    pub(crate) fn new(keys: &Keyring) -> Self {
        Self {
            issuing: derived(keys.issuing().expose_bytes(), PURPOSE),
            checking: keys.all().map(|key| derived(key.expose_bytes(), PURPOSE)).collect(),
        }
    }

    /// The id of the device that sent a request, if it has logged in to this account before.
    pub(crate) fn recognise(&self, request: &Parts, account: &Known) -> Option<Uuid> {
        shown(request).iter().find_map(|token| self.device(token, account))
    }

    /// Adds to the response a token for the account that the device has just logged in to, with the device's id if it
    /// already has a token for the account.
    pub(crate) fn remember(
        &self,
        response: &mut Response,
        request: &Parts,
        client: &Client,
        account: &Known,
    ) {
        let (of_account, of_others): (Vec<_>, Vec<_>) =
            shown(request).into_iter().partition(|token| self.device(token, account).is_some());
        let device = of_account.first().and_then(|token| self.device(token, account));
        let first = self.token(device.unwrap_or_else(Uuid::new_v4), account);
        let tokens: Vec<String> = std::iter::once(first)
            .chain(of_others)
            .take(ACCOUNTS)
            .map(|token| BASE64_URL_SAFE_NO_PAD.encode(token))
            .collect();
        let text = tokens.join(".");
        // A page must not read what only the browser needs. A browser identifies itself (Fetch Metadata).
        if client.kind == ClientKind::Web || request.headers.contains_key("sec-fetch-site") {
            response.headers_mut().append(SET_COOKIE, COOKIE.set(&text, KEPT).into_header());
        } else if let Ok(mut value) = HeaderValue::try_from(text) {
            value.set_sensitive(true);
            response.headers_mut().insert(HEADER, value);
        }
    }

    fn device(&self, token: &[u8; TOKEN_BYTES], account: &Known) -> Option<Uuid> {
        let (id, mac) = token.split_first_chunk::<16>()?;
        let device = Uuid::from_bytes(*id);
        let message = message(device, account);
        self.checking.iter().any(|key| hmac::verify(key, &message, mac).is_ok()).then_some(device)
    }

    fn token(&self, device: Uuid, account: &Known) -> [u8; TOKEN_BYTES] {
        let mut token = [0; TOKEN_BYTES];
        token[..16].copy_from_slice(device.as_bytes());
        token[16..].copy_from_slice(hmac::sign(&self.issuing, &message(device, account)).as_ref());
        token
    }
}

/// The header as an OpenAPI parameter. A response that opens a session contains it too.
pub(crate) fn parameter() -> Value {
    json!({
        "name": "Device-Token",
        "in": "header",
        "required": false,
        "description": "The `Device-Token` of the last response to a sign-up or login on this device. With it, other clients' failed \
                        logins on the account do not count. Browsers have it in a cookie.",
        "schema": { "type": "string", "pattern": "^[!-~]*$", "maxLength": ACCOUNTS * (TOKEN_BYTES * 4 / 3 + 1) },
    })
}

/// Derives a key for one purpose from a secret with several.
pub(crate) fn derived(secret: &[u8], purpose: &[u8]) -> hmac::Key {
    let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&secret, purpose).as_ref())
}

fn message(device: Uuid, account: &Known) -> [u8; 16 + 16 + 32] {
    let mut message = [0; 64];
    message[..16].copy_from_slice(device.as_bytes());
    message[16..32].copy_from_slice(account.id.as_bytes());
    message[32..].copy_from_slice(&account.password_mark);
    message
}

/// All tokens in a request, valid or not.
fn shown(request: &Parts) -> Vec<[u8; TOKEN_BYTES]> {
    let header = request.headers.get(HEADER).and_then(|value| value.to_str().ok());
    let texts = [header, cookie::read(request, COOKIE.name)];
    let tokens = texts.into_iter().flatten().flat_map(|text| text.split('.').take(ACCOUNTS));
    let decoded = tokens.filter_map(|token| BASE64_URL_SAFE_NO_PAD.decode(token).ok());
    decoded.filter_map(|token| token.try_into().ok()).collect()
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    fn devices() -> Devices {
        Devices::new(&Keyring::random())
    }

    fn account(id: u128, password: u8) -> Known {
        Known { id: Uuid::from_u128(id), password_mark: [password; 32] }
    }

    fn request(headers: &[(&'static str, &str)]) -> Parts {
        let mut request = http::Request::post("/auth/login").body(()).unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        request.into_parts().0
    }

    fn client(kind: ClientKind) -> Client {
        Client { kind, device: None }
    }

    /// The token that an app receives at a login, when it sends the token `has`.
    fn app(devices: &Devices, has: Option<&str>, account: &Known) -> String {
        let request = request(&has.map(|token| ("device-token", token)).into_iter().collect::<Vec<_>>());
        let mut response = ().into_response();
        devices.remember(&mut response, &request, &client(ClientKind::Mobile), account);
        assert!(!response.headers().contains_key(SET_COOKIE));
        response.headers()[HEADER].to_str().unwrap().to_owned()
    }

    #[test]
    fn a_device_is_recognised_for_its_account_under_the_same_password_and_for_no_other() {
        let (devices, ann) = (devices(), account(1, 1));
        let token = app(&devices, None, &ann);
        let shows = request(&[("device-token", &token)]);
        let device = devices.recognise(&shows, &ann);
        assert!(device.is_some());
        assert_eq!(devices.recognise(&shows, &account(2, 1)), None, "another account");
        assert_eq!(devices.recognise(&shows, &account(1, 2)), None, "another password");
        assert_eq!(Devices::new(&Keyring::random()).recognise(&shows, &ann), None, "another key");
        let forged = format!("{}A", &token[..token.len() - 1]);
        assert_eq!(devices.recognise(&request(&[("device-token", &forged)]), &ann), None);
        assert_eq!(devices.recognise(&request(&[]), &ann), None);
    }

    #[test]
    fn a_page_gets_a_cookie_that_no_script_can_read_also_where_it_says_to_be_an_app() {
        let (devices, ann) = (devices(), account(1, 1));
        for (headers, kind) in
            [(&[][..], ClientKind::Web), (&[("sec-fetch-site", "same-origin")][..], ClientKind::Mobile)]
        {
            let mut response = ().into_response();
            devices.remember(&mut response, &request(headers), &client(kind), &ann);
            assert!(!response.headers().contains_key(HEADER));
            let cookie = response.headers()[SET_COOKIE].to_str().unwrap().to_owned();
            let (pair, attributes) = cookie.split_once("; ").unwrap();
            assert_eq!(attributes, "Path=/; Max-Age=34560000; HttpOnly; Secure; SameSite=Strict");
            assert!(devices.recognise(&request(&[("cookie", pair)]), &ann).is_some());
        }
    }

    #[test]
    fn one_device_remembers_four_accounts_and_keeps_its_id_for_each() {
        let devices = devices();
        let accounts: Vec<Known> = (1..=5).map(|id| account(id, 1)).collect();
        let mut token = app(&devices, None, &accounts[0]);
        let recognised =
            |token: &str, account| devices.recognise(&request(&[("device-token", token)]), account);
        let first = recognised(&token, &accounts[0]).unwrap();
        for account in &accounts[1..4] {
            token = app(&devices, Some(&token), account);
        }
        assert_eq!(recognised(&token, &accounts[0]), Some(first));
        token = app(&devices, Some(&token), &accounts[0]);
        assert_eq!(recognised(&token, &accounts[0]), Some(first));
        assert_eq!(token.split('.').count(), 4);
        token = app(&devices, Some(&token), &accounts[4]);
        assert_eq!(token.split('.').count(), 4);
        assert_eq!(recognised(&token, &accounts[1]), None, "the one that logged in longest ago");
        assert_eq!(recognised(&token, &accounts[0]), Some(first));
    }

    #[test]
    fn a_token_of_an_older_key_is_recognised_as_long_as_the_key_is_listed() {
        const NEW: &str = "2=fedcba9876543210fedcba9876543210";
        const OLD: &str = "1=0123456789abcdef0123456789abcdef";
        let devices = |list: &str| Devices::new(&list.parse().unwrap());
        let ann = account(1, 1);
        let token = app(&devices(OLD), None, &ann);
        let shows = request(&[("device-token", &token)]);
        assert!(devices(&format!("{NEW},{OLD}")).recognise(&shows, &ann).is_some());
        assert!(devices(NEW).recognise(&shows, &ann).is_none());
    }
}
