//! The list of peers, and the choice among them.

use harness::Failure;
use kit::design::{Asks, Role};

use super::runtime::Runtime;

/// A server on another stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// The name of the peer and of its folder.
    pub(crate) name: &'static str,
    pub(super) what: &'static str,
    pub(super) runtime: Runtime,
    pub(super) asks: Asks,
    /// The roles of our designs that do the same work; the first is the one that the target is about.
    pub(super) rivals: &'static [Role],
}

/// The number of our designs that are measured together with the peers: the baseline, and the rivals of all peers.
pub(crate) const OURS: usize = 1 + TOKENS.len() + SESSIONS.len();

/// The designs that check a signed token: first with our own check, then with a library, as the peers do.
const TOKENS: &[Role] = &[Role::SignedAndRefreshed, Role::Signed];
const SESSIONS: &[Role] = &[Role::LookUp];

/// All peers.
pub(crate) const PEERS: [Peer; 5] = [
    Peer {
        name: "express-session",
        what: "Express with express-session and connect-redis: the session of most Node servers",
        runtime: Runtime::Node,
        asks: Asks::Redis,
        rivals: SESSIONS,
    },
    Peer {
        name: "express-jsonwebtoken",
        what: "Express with jsonwebtoken, its key prepared",
        runtime: Runtime::Node,
        asks: Asks::Nothing,
        rivals: TOKENS,
    },
    Peer {
        name: "fastify-jwt",
        what: "Fastify with @fastify/jwt, which checks with fast-jwt; without its cache",
        runtime: Runtime::Node,
        asks: Asks::Nothing,
        rivals: TOKENS,
    },
    Peer {
        name: "fastapi-pyjwt",
        what: "FastAPI with PyJWT on uvicorn, with uvloop and httptools",
        runtime: Runtime::Python,
        asks: Asks::Nothing,
        rivals: TOKENS,
    },
    Peer {
        name: "go-net-http",
        what: "Go's net/http with golang-jwt",
        runtime: Runtime::Go,
        asks: Asks::Nothing,
        rivals: TOKENS,
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
