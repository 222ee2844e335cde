//! Keys in PEM (RFC 7468).

use harness::Failure;

use super::{Key, der};

/// The keys in a text: one for each block.
pub(super) fn read(text: &str) -> Result<Vec<Key>, Failure> {
    // Settings files contain PEM in one line, with `\n` written out.
    let blocks = ::pem::parse_many(text.replace("\\n", "\n"));
    let blocks = blocks.map_err(|error| Failure::new("its PEM cannot be read").caused_by(&error))?;
    // `openssl ecparam` writes the curve's name before the key.
    let keys: Vec<Key> = blocks.iter().filter(|block| block.tag() != "EC PARAMETERS").map(key).collect();
    if keys.is_empty() {
        return Err(Failure::new("it is PEM without a key"));
    }
    Ok(keys)
}

fn key(block: &::pem::Pem) -> Key {
    let der = block.contents();
    let (origin, material) = match block.tag() {
        "PUBLIC KEY" | "RSA PUBLIC KEY" => ("the PEM's public key", der::public(der)),
        "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => {
            ("the public part of the PEM's private key", der::private(der))
        }
        "CERTIFICATE" => ("the certificate's public key", der::certificate(der)),
        "ENCRYPTED PRIVATE KEY" => {
            let reason = "it is encrypted; give its public key instead".to_owned();
            return Key::new("the PEM's private key", Err(reason));
        }
        _ => return Key::new("a block of the PEM", Err("it is neither a key nor a certificate".to_owned())),
    };
    let unknown = "it cannot be read, or it is of a kind that this command does not know";
    Key::new(origin, material.ok_or_else(|| unknown.to_owned()))
}
