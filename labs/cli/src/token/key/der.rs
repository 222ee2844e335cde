//! Keys in DER. The cryptographic library parses them; each kind of key is tried in turn.

use aws_lc_rs::rsa::PublicKey as RsaPublicKey;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P256K1_SHA256_FIXED,
    ECDSA_P256K1_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED, ECDSA_P521_SHA512_FIXED_SIGNING, ED25519, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair, ParsedPublicKey, RsaKeyPair, VerificationAlgorithm,
};
use rustls_pki_types::CertificateDer;
use webpki::EndEntityCert;

use super::super::algorithm::Kind;
use super::Material;

const CURVES: [(Kind, &dyn VerificationAlgorithm, &EcdsaSigningAlgorithm); 4] = [
    (Kind::P256, &ECDSA_P256_SHA256_FIXED, &ECDSA_P256_SHA256_FIXED_SIGNING),
    (Kind::P384, &ECDSA_P384_SHA384_FIXED, &ECDSA_P384_SHA384_FIXED_SIGNING),
    (Kind::P521, &ECDSA_P521_SHA512_FIXED, &ECDSA_P521_SHA512_FIXED_SIGNING),
    (Kind::Secp256k1, &ECDSA_P256K1_SHA256_FIXED, &ECDSA_P256K1_SHA256_FIXED_SIGNING),
];

/// A key in any of the forms below.
pub(super) fn any(der: &[u8]) -> Option<Material> {
    public(der).or_else(|| certificate(der)).or_else(|| private(der))
}

/// A public key: a SubjectPublicKeyInfo (RFC 5280 §4.1), or an RSAPublicKey (RFC 8017 appendix A.1.1).
pub(super) fn public(der: &[u8]) -> Option<Material> {
    // The library reads bare points and bare Ed25519 keys too, and any 32 bytes are such a key.
    if !is_sequence(der) {
        return None;
    }
    if let Ok(key) = RsaPublicKey::from_der(der) {
        return Some(Material::Public(Kind::Rsa, key.as_ref().to_vec()));
    }
    let curves = CURVES.map(|(kind, algorithm, _)| (kind, algorithm));
    let (kind, _) = curves
        .into_iter()
        .chain([(Kind::Ed25519, &ED25519 as &dyn VerificationAlgorithm)])
        .find(|(_, algorithm)| ParsedPublicKey::new(*algorithm, der).is_ok())?;
    Some(Material::Public(kind, der.to_vec()))
}

/// The public part of a private key: PKCS#8 (RFC 5958), or the older forms of RSA (RFC 8017) and EC (RFC 5915).
pub(super) fn private(der: &[u8]) -> Option<Material> {
    if !is_sequence(der) {
        return None;
    }
    if let Ok(pair) = RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der)) {
        return Some(Material::Public(Kind::Rsa, pair.public_key().as_ref().to_vec()));
    }
    if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
        return Some(Material::Public(Kind::Ed25519, pair.public_key().as_ref().to_vec()));
    }
    CURVES.into_iter().find_map(|(kind, _, algorithm)| {
        let pair = EcdsaKeyPair::from_private_key_der(algorithm, der).ok()?;
        Some(Material::Public(kind, pair.public_key().as_ref().to_vec()))
    })
}

/// The public key of an X.509 certificate. Neither its signature nor its dates are checked: its owner names the file.
pub(super) fn certificate(der: &[u8]) -> Option<Material> {
    let der = CertificateDer::from(der);
    public(&EndEntityCert::try_from(&der).ok()?.subject_public_key_info())
}

fn is_sequence(der: &[u8]) -> bool {
    der.first() == Some(&0x30) && der.len() > 40
}
