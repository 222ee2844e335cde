//! The peers there are, and which of them were asked for.

use harness::Failure;
use kit::design::{Asks, Role};

use super::runtime::Runtime;

/// A server in something else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// Its name, and that of its folder.
    pub(crate) name: &'static str,
    pub(super) what: &'static str,
    pub(super) runtime: Runtime,
    pub(super) asks: Asks,
    /// Those of ours that do the same, by role; the first is the one that the target is about.
    pub(super) rivals: &'static [Role],
}

/// How many of ours stand beside them: the baseline, and everybody's rivals.
pub(crate) const OURS: usize = 1 + TOKENS.len() + SESSIONS.len();

/// A check of a signed token, ours first, and then by a library as theirs is.
const TOKENS: &[Role] = &[Role::SignedAndRefreshed, Role::Signed];
const SESSIONS: &[Role] = &[Role::LookUp];

/// All of them.
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

/// The libraries without a server around them, as they are asked for.
pub(super) const LIBRARIES: &str = "libraries";

/// What was asked for.
#[derive(Debug, Default)]
pub(crate) struct Chosen {
    pub(crate) servers: Vec<Peer>,
    pub(crate) libraries: bool,
}

/// Those that were asked for; none without `--peers`, all of them where it names none.
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
