//! The baseline of every measurement: the same routes and answers, without authentication.

use axum::Json;
use axum::Router;
use http::request::Parts;
use uuid::Uuid;

use crate::accounts::{Ending, User};
use crate::client::Client;
use crate::descriptor::Description;
use crate::design::{Asks, Credential, Design, Logout, Part, Role, State, Text, Variant, Words};
use crate::error::Error;
use crate::routes::router;
use crate::scheme::{Principal, Scheme};
use crate::state::App;

/// The baseline design.
pub static DESIGN: Design = Design {
    name: "none",
    words: Words {
        title: Text { en: "none", ja: "認証なし" },
        summary: Text {
            en: "no authentication: the baseline of every measurement",
            ja: "認証なし。すべての計測の基準",
        },
        about: Text {
            en: "The server accepts every request. This design exists to be measured.",
            ja: "サーバーはすべてのリクエストを受け入れます。この設計は計測のためだけにあります。",
        },
        outcomes: &[],
        stored: Text { en: "the server stores nothing", ja: "サーバーは何も保存しない" },
    },
    credential: Credential::None,
    state: State::Stateless,
    stores: &[],
    logout: Logout::None,
    secrets: &[],
    variants: &[Variant {
        name: "none",
        what: "the same route on the same kit, without authentication",
        asks: Asks::Nothing,
        role: Role::Other,
        settings: &[],
        parts: &[Part::Crowd, Part::Targets],
    }],
    page: "measuring",
    browser_client: None,
    watched: None,
    router: |config, clock, origins| {
        Box::pin(async move {
            let app = App::new(NoAuthentication::default(), &config, clock, origins).await?;
            Ok(router(app, Router::new()))
        })
    },
};

/// Accepts every request as coming from the same user. It exists to be measured and has no other use.
#[derive(Clone, Debug)]
pub struct NoAuthentication {
    everybody: Principal,
}

impl Default for NoAuthentication {
    fn default() -> Self {
        let user = User::sample();
        let email = user.email.as_str().to_owned();
        let session_id = Some(Uuid::from_u128(2));
        Self { everybody: Principal { user_id: user.id, email, session_id, epoch: None } }
    }
}

impl Scheme for NoAuthentication {
    type Issued = Json<Principal>;
    type Ended = ();
    type LogOut = ();

    fn describe(&self) -> Description {
        Description {
            design: &DESIGN,
            store: "none",
            features: &[],
            access_ttl: None,
            refresh_ttl: None,
            idle_ttl: None,
            refresh_window: None,
        }
    }

    async fn issue(
        &self,
        _request: &Parts,
        _user: &User,
        _client: &Client,
    ) -> Result<Json<Principal>, Error> {
        Ok(Json(self.everybody.clone()))
    }

    async fn authenticate(&self, _request: &Parts) -> Result<Principal, Error> {
        Ok(self.everybody.clone())
    }

    async fn end(&self, _request: &Parts, _log_out: &()) -> Result<(), Error> {
        Ok(())
    }

    async fn end_others(&self, _principal: &Principal) -> Result<(), Error> {
        Ok(())
    }

    async fn end_all(&self, _ending: &Ending) -> Result<(), Error> {
        Ok(())
    }

    fn forgotten(&self, _request: &Parts, _user_id: Uuid) {}
}
