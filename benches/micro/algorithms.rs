//! Measures issuing and checking tokens, by algorithm and by number of claims: `cargo bench -p measure --bench
//! algorithms`.
//!
//! One library does all of it, with keys and rules prepared once, so the differences are those of the algorithms. A
//! signature with a public key costs many times what one with a shared secret costs, and every request pays for its
//! check. Compare that cost with a lookup in Redis (`session_lookup`).
//!
//! jsonwebtoken has two backends, and a program has one of them. This is AWS-LC, which the labs use. The package in
//! `benches/rust-crypto` builds the same file with RustCrypto, and its run reports the change against this one.

use std::error::Error;
use std::hint::black_box;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use criterion::{Criterion, Throughput};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const TOKENS: usize = 64;
/// The number of roles beside the usual claims: none, as many as an application has, and as many as result from putting
/// permissions into tokens.
const ROLES: [usize; 3] = [0, 32, 256];
/// The length of the header before the key in a PKCS #8 document of a 2,048-bit RSA key, in bytes (RFC 5208 §5).
const PKCS8_PREFIX_BYTES: usize = 26;

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    iat: u64,
    exp: u64,
    jti: Uuid,
    email: String,
    roles: Vec<String>,
}

/// An algorithm with its keys.
struct Signer {
    name: &'static str,
    header: Header,
    signing: EncodingKey,
    checking: DecodingKey,
    validation: Validation,
}

impl Signer {
    fn new(name: &'static str, algorithm: Algorithm, signing: EncodingKey, checking: DecodingKey) -> Self {
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&["https://authlab.example"]);
        validation.set_audience(&["authlab-api"]);
        Self { name, header: Header::new(algorithm), signing, checking, validation }
    }

    fn issue(&self, claims: &Claims) -> jsonwebtoken::errors::Result<String> {
        jsonwebtoken::encode(&self.header, claims, &self.signing)
    }

    fn check(&self, token: &str) -> jsonwebtoken::errors::Result<Claims> {
        Ok(jsonwebtoken::decode(token, &self.checking, &self.validation)?.claims)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let signers = signers()?;
    let mut criterion = Criterion::default().configure_from_args();
    for roles in ROLES {
        let claims: Vec<Claims> = (0..TOKENS).map(|_| somebody(roles)).collect();
        let mut group = criterion.benchmark_group(format!("issue/{roles}_roles"));
        for signer in &signers {
            let mut turn = claims.iter().cycle();
            group.bench_function(signer.name, |bencher| {
                bencher.iter(|| turn.next().map(|claims| signer.issue(black_box(claims))));
            });
        }
        group.finish();
        let mut group = criterion.benchmark_group(format!("check/{roles}_roles"));
        for signer in &signers {
            let tokens = claims.iter().map(|claims| signer.issue(claims)).collect::<Result<Vec<_>, _>>()?;
            // Rejecting a token is fast and would give good figures, so make sure that every token is accepted.
            for token in &tokens {
                signer.check(token)?;
            }
            group.throughput(Throughput::Bytes(tokens[0].len() as u64));
            let mut turn = tokens.iter().cycle();
            group.bench_function(signer.name, |bencher| {
                bencher.iter(|| turn.next().map(|token| signer.check(black_box(token))));
            });
        }
        group.finish();
    }
    criterion.final_summary();
    Ok(())
}

/// Generates new keys for each algorithm.
fn signers() -> Result<Vec<Signer>, Box<dyn Error>> {
    let random = SystemRandom::new();
    let mut secret = [0; 32];
    rand::fill(&mut secret)?;
    let ec_document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)?;
    let ec = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, ec_document.as_ref())?;
    let ed_document = Ed25519KeyPair::generate_pkcs8(&random)?;
    let ed = Ed25519KeyPair::from_pkcs8(ed_document.as_ref())?;
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048)?;
    let rsa_document: aws_lc_rs::encoding::Pkcs8V1Der<'_> = rsa.as_der()?;
    let rsa_private =
        rsa_document.as_ref().get(PKCS8_PREFIX_BYTES..).ok_or("an RSA key is longer than that")?;
    Ok(vec![
        Signer::new(
            "HS256",
            Algorithm::HS256,
            EncodingKey::from_secret(&secret),
            DecodingKey::from_secret(&secret),
        ),
        Signer::new(
            "ES256",
            Algorithm::ES256,
            EncodingKey::from_ec_der(ec_document.as_ref()),
            DecodingKey::from_ec_der(ec.public_key().as_ref()),
        ),
        Signer::new(
            "RS256",
            Algorithm::RS256,
            EncodingKey::from_rsa_der(rsa_private),
            DecodingKey::from_rsa_der(rsa.public_key().as_ref()),
        ),
        Signer::new(
            "EdDSA",
            Algorithm::EdDSA,
            EncodingKey::from_ed_der(ed_document.as_ref()),
            DecodingKey::from_ed_der(ed.public_key().as_ref()),
        ),
    ])
}

fn somebody(roles: usize) -> Claims {
    let sub = Uuid::new_v4();
    Claims {
        iss: "https://authlab.example".to_owned(),
        aud: "authlab-api".to_owned(),
        sub,
        iat: 1_700_000_000,
        exp: 4_000_000_000,
        jti: Uuid::new_v4(),
        email: format!("{}@example.test", &sub.simple().to_string()[..8]),
        roles: (0..roles).map(|role| format!("role-{role:04}")).collect(),
    }
}
