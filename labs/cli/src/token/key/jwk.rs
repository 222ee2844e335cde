//! JSON Web Keys and sets of them (RFC 7517), and the map from `kid` to certificate that some issuers publish instead.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::RsaPublicKeyComponents;
use harness::Failure;

use super::super::algorithm::Kind;
use super::super::base64url;
use super::super::json::{Json, Members};
use super::{Key, Material, pem};

/// The keys in a JSON document.
pub(super) fn read(json: &Json) -> Result<Vec<Key>, Failure> {
    let no_key = || Failure::new("it is JSON, and neither a JWK nor a JWK Set");
    let Json::Object(object) = json else { return Err(no_key()) };
    if object.has("kty") {
        return Ok(vec![key(object)]);
    }
    if let Some(Json::Array(keys)) = object.get("keys") {
        if keys.is_empty() {
            return Err(Failure::new("it is a JWK Set without keys"));
        }
        return keys
            .iter()
            .map(|entry| match entry {
                Json::Object(object) => Ok(key(object)),
                _ => Err(Failure::new("it is a JWK Set, and one of its keys is not an object")),
            })
            .collect();
    }
    let mut keys = Vec::new();
    for (kid, value) in object.iter() {
        let text = value.as_str().filter(|text| text.contains("-----BEGIN ")).ok_or_else(no_key)?;
        keys.extend(pem::read(text)?.into_iter().map(|key| Key { kid: Some(kid.clone()), ..key }));
    }
    if keys.is_empty() { Err(no_key()) } else { Ok(keys) }
}

fn key(jwk: &Members) -> Key {
    let text = |name: &str| jwk.str(name).map(str::to_owned);
    let kty = [text("kty"), text("crv")].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let material = match purpose(jwk) {
        Err(reason) => Err(reason),
        Ok(()) => material(jwk),
    };
    Key { origin: None, kid: text("kid"), kty, alg: text("alg"), material }
}

/// Refuses a key that may not check signatures by its `use` and `key_ops` (RFC 7517 §4.2 and §4.3).
fn purpose(jwk: &Members) -> Result<(), String> {
    match jwk.get("use") {
        None => {}
        Some(Json::String(purpose)) if purpose == "sig" => {}
        Some(other) => return Err(format!("its `use` is {}, and not \"sig\"", other.one_line())),
    }
    // A private key says what itself may do; its public part then checks.
    let wanted = if jwk.has("d") { ["verify", "sign"].as_slice() } else { &["verify"] };
    match jwk.get("key_ops") {
        None => Ok(()),
        Some(Json::Array(operations))
            if operations
                .iter()
                .any(|operation| operation.as_str().is_some_and(|operation| wanted.contains(&operation))) =>
        {
            Ok(())
        }
        Some(other) => Err(format!("its `key_ops` is {}, and does not allow \"verify\"", other.one_line())),
    }
}

fn material(jwk: &Members) -> Result<Material, String> {
    let bytes = |name: &str| {
        let text = jwk.str(name).ok_or_else(|| format!("its `{name}` is missing"))?;
        // The reason may quote a character of the key, so it is left out.
        Ok::<_, String>(base64url::decode(text).map_err(|_| format!("its `{name}` is not base64url"))?.bytes)
    };
    match jwk.str("kty").unwrap_or_default() {
        "oct" => Ok(Material::Secret(bytes("k")?)),
        "RSA" => {
            let number = |name: &str| {
                let bytes = bytes(name)?;
                Ok::<_, String>(bytes.iter().copied().skip_while(|byte| *byte == 0).collect::<Vec<u8>>())
            };
            let components = RsaPublicKeyComponents { n: number("n")?, e: number("e")? };
            let der: PublicKeyX509Der<'_> =
                components.as_der().map_err(|_| "its `n` and `e` are no RSA key".to_owned())?;
            Ok(Material::Public(Kind::Rsa, der.as_ref().to_vec()))
        }
        "EC" => {
            let (kind, length) = match jwk.str("crv").unwrap_or_default() {
                "P-256" => (Kind::P256, 32),
                "P-384" => (Kind::P384, 48),
                "P-521" => (Kind::P521, 66),
                "secp256k1" => (Kind::Secp256k1, 32),
                _ => return Err("its `crv` is not one that this command knows".to_owned()),
            };
            let (x, y) = (bytes("x")?, bytes("y")?);
            if x.len() != length || y.len() != length {
                return Err(format!("its `x` and `y` do not have {length} bytes each"));
            }
            Ok(Material::Public(kind, [&[0x04], x.as_slice(), &y].concat()))
        }
        "OKP" if jwk.str("crv") == Some("Ed25519") => Ok(Material::Public(Kind::Ed25519, bytes("x")?)),
        "OKP" => Err("its `crv` is not Ed25519, the only one that this command knows".to_owned()),
        _ => Err("its `kty` is not one that this command knows".to_owned()),
    }
}
