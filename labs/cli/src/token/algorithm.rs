//! The signature algorithms of RFC 7518 §3.1, RFC 8037 and RFC 8812, and the kind of key that each needs.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{self, VerificationAlgorithm};

/// The kind of a key, as `kty` and `crv` of a JWK tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Secret,
    Rsa,
    P256,
    P384,
    P521,
    Secp256k1,
    Ed25519,
}

/// How a signature is checked.
#[derive(Clone, Copy)]
pub(super) enum Method {
    Hmac(hmac::Algorithm),
    Public(&'static dyn VerificationAlgorithm),
}

/// An algorithm that this command can check.
#[derive(Clone, Copy)]
pub(super) struct Algorithm {
    pub(super) kind: Kind,
    pub(super) method: Method,
    /// The length of every signature; `None` if it depends on the key.
    pub(super) signature_bytes: Option<usize>,
}

impl Algorithm {
    /// The algorithm with this `alg`. Names are compared exactly (RFC 7515 §4.1.1).
    pub(super) fn named(alg: &str) -> Option<Self> {
        let secret = |algorithm| (Kind::Secret, Method::Hmac(algorithm));
        let (kind, method) = match alg {
            "HS256" => secret(hmac::HMAC_SHA256),
            "HS384" => secret(hmac::HMAC_SHA384),
            "HS512" => secret(hmac::HMAC_SHA512),
            "RS256" => (Kind::Rsa, Method::Public(&signature::RSA_PKCS1_2048_8192_SHA256)),
            "RS384" => (Kind::Rsa, Method::Public(&signature::RSA_PKCS1_2048_8192_SHA384)),
            "RS512" => (Kind::Rsa, Method::Public(&signature::RSA_PKCS1_2048_8192_SHA512)),
            "PS256" => (Kind::Rsa, Method::Public(&signature::RSA_PSS_2048_8192_SHA256)),
            "PS384" => (Kind::Rsa, Method::Public(&signature::RSA_PSS_2048_8192_SHA384)),
            "PS512" => (Kind::Rsa, Method::Public(&signature::RSA_PSS_2048_8192_SHA512)),
            "ES256" => (Kind::P256, Method::Public(&signature::ECDSA_P256_SHA256_FIXED)),
            "ES384" => (Kind::P384, Method::Public(&signature::ECDSA_P384_SHA384_FIXED)),
            "ES512" => (Kind::P521, Method::Public(&signature::ECDSA_P521_SHA512_FIXED)),
            "ES256K" => (Kind::Secp256k1, Method::Public(&signature::ECDSA_P256K1_SHA256_FIXED)),
            // RFC 9864 §2.2 gives EdDSA with this curve a name of its own.
            "EdDSA" | "Ed25519" => (Kind::Ed25519, Method::Public(&signature::ED25519)),
            _ => return None,
        };
        let signature_bytes = match alg {
            "HS256" => Some(32),
            "HS384" => Some(48),
            "HS512" | "ES256" | "ES256K" | "EdDSA" | "Ed25519" => Some(64),
            "ES384" => Some(96),
            "ES512" => Some(132),
            _ => None,
        };
        Some(Self { kind, method, signature_bytes })
    }
}

impl Kind {
    /// The `kty` and, if it has one, the `crv` of such a key.
    pub(super) fn kty(self) -> &'static str {
        match self {
            Self::Secret => "oct",
            Self::Rsa => "RSA",
            Self::P256 => "EC P-256",
            Self::P384 => "EC P-384",
            Self::P521 => "EC P-521",
            Self::Secp256k1 => "EC secp256k1",
            Self::Ed25519 => "OKP Ed25519",
        }
    }

    /// The kind of key that an algorithm needs, in a sentence.
    pub(super) fn needed(self) -> &'static str {
        match self {
            Self::Secret => "a secret",
            Self::Rsa => "an RSA key",
            Self::P256 => "a key on the curve P-256",
            Self::P384 => "a key on the curve P-384",
            Self::P521 => "a key on the curve P-521",
            Self::Secp256k1 => "a key on the curve secp256k1",
            Self::Ed25519 => "an Ed25519 key",
        }
    }
}

/// The `alg` names that a private key signs and a public key checks, and that this command cannot check.
pub(super) const OTHER_SIGNATURES: [&str; 4] = ["Ed448", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"];
