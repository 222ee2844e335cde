//! The list of peers, and the choice among them.

use harness::Failure;
use kit::design::{Asks, Role};

use super::runtime::Runtime;
use crate::exchange::wire::Wire;

/// A server on another stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// The name of the peer and of its folder.
    pub(crate) name: &'static str,
    pub(super) what: &'static str,
    pub(super) runtime: Runtime,
    pub(super) asks: Asks,
    pub(crate) work: Work,
}

/// What a peer is measured at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    /// `GET /me` with a credential. Our designs in these roles do the same; the first is the one that the target is about.
    Me(&'static [Role]),
    /// `POST /auth/refresh`, as the hybrid does it when every exchange rotates the token.
    Exchange {
        wire: Wire,
        /// What the hybrid does in an exchange and the peer does not.
        lacks: &'static str,
        /// How the names of all its keys in Redis begin. They are deleted when it has been measured.
        keys: &'static str,
    },
}

impl Work {
    pub(crate) fn is_an_exchange(self) -> bool {
        matches!(self, Self::Exchange { .. })
    }
}

/// The number of our designs that are measured together with the peers: the baseline, and the rivals of all peers.
pub(crate) const OURS: usize = 1 + TOKENS.len() + SESSIONS.len();

/// The designs that check a signed token: first with our own check, then with a library, as the peers do.
const TOKENS: &[Role] = &[Role::SignedAndRefreshed, Role::Signed];
const SESSIONS: &[Role] = &[Role::LookUp];

/// All peers.
pub(crate) const PEERS: [Peer; 7] = [
    Peer {
        name: "express-session",
        what: "Express with express-session and connect-redis: the session of most Node servers",
        runtime: Runtime::Node,
        asks: Asks::Redis,
        work: Work::Me(SESSIONS),
    },
    Peer {
        name: "express-jsonwebtoken",
        what: "Express with jsonwebtoken, its key prepared",
        runtime: Runtime::Node,
        asks: Asks::Nothing,
        work: Work::Me(TOKENS),
    },
    Peer {
        name: "fastify-jwt",
        what: "Fastify with @fastify/jwt, which checks with fast-jwt; without its cache",
        runtime: Runtime::Node,
        asks: Asks::Nothing,
        work: Work::Me(TOKENS),
    },
    Peer {
        name: "fastapi-pyjwt",
        what: "FastAPI with PyJWT on uvicorn, with uvloop and httptools",
        runtime: Runtime::Python,
        asks: Asks::Nothing,
        work: Work::Me(TOKENS),
    },
    Peer {
        name: "go-net-http",
        what: "Go's net/http with golang-jwt",
        runtime: Runtime::Go,
        asks: Asks::Nothing,
        work: Work::Me(TOKENS),
    },
    Peer {
        name: "express-refresh",
        what: "Express with jsonwebtoken and refresh tokens in Redis, as a Node team writes it itself",
        runtime: Runtime::Node,
        asks: Asks::Redis,
        work: Work::Exchange {
            wire: Wire::Contract,
            lacks: "express-refresh refuses a used token, but a replay does not end the session: after a theft, either the \
                    thief or the user keeps working. It refuses a client that repeats an exchange whose response was \
                    lost. It reads no account, so it cannot refuse a deleted user.",
            keys: "peer-refresh:",
        },
    },
    Peer {
        name: "oidc-provider",
        what: "panva's oidc-provider, a certified OpenID provider for Node, with an adapter for Redis; its developers \
               support Node.js 22 and newer",
        runtime: Runtime::Node,
        asks: Asks::Redis,
        work: Work::Exchange {
            wire: Wire::OAuth,
            lacks: "oidc-provider ends the session after a replay too. It also checks a client and a grant, which the \
                    hybrid does not have, and sends several commands to Redis for it. It reads a token and marks it as \
                    used in separate commands, so two exchanges at the same moment can both succeed. It ends the session \
                    of a client that repeats an exchange whose response was lost. Its accounts are in memory here, the \
                    hybrid's in a file.",
            keys: "peer-oidc:",
        },
    },
];

/// The argument that asks for the libraries without a server around them.
pub(super) const LIBRARIES: &str = "libraries";

/// The choice of the user.
#[derive(Debug, Default)]
pub(crate) struct Chosen {
    pub(crate) servers: Vec<Peer>,
    pub(crate) libraries: bool,
}

/// The chosen peers: none without `--peers`, all when it names none.
pub(crate) fn chosen(asked: Option<&[String]>) -> Result<Chosen, Failure> {
    let Some(names) = asked else { return Ok(Chosen::default()) };
    let is_known = |name: &str| name == LIBRARIES || PEERS.iter().any(|peer| peer.name == name);
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        let known = PEERS.map(|peer| peer.name).join(", ");
        return Err(Failure::new(format!(
            "there is no peer `{unknown}`; the peers are {known}, {LIBRARIES}"
        )));
    }
    let is_asked = |name: &str| names.is_empty() || names.iter().any(|asked| asked == name);
    let servers = PEERS.into_iter().filter(|peer| is_asked(peer.name)).collect();
    Ok(Chosen { servers, libraries: is_asked(LIBRARIES) })
}
