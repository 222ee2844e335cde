//! Asks for consent: a server on another machine is attacked only if its owner has agreed.

use std::io::{BufRead, IsTerminal, Write};

use outside::BaseUrl;

use crate::Failure;

/// The question in English.
pub fn question(url: &str) -> String {
    format!("{url} is not on this machine. Has its owner agreed to be attacked? [y/N] ")
}

/// Succeeds for a server on this machine, or with `--they-agreed`; otherwise asks on the terminal.
///
/// # Errors
/// The answer is not a yes, or there is no terminal to ask on.
pub fn get(url: &BaseUrl, they_agreed: bool, question: fn(&str) -> String) -> Result<(), Failure> {
    if they_agreed || url.is_loopback() {
        return Ok(());
    }
    let refusal = || {
        Failure::new(format!(
            "{url} is not on this machine, and nothing was sent to it; if its owner has agreed to be attacked, add \
             --they-agreed"
        ))
    };
    if !std::io::stdin().is_terminal() {
        return Err(refusal());
    }
    crate::err!("{}", question(url.as_str()));
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if is_yes(&answer) { Ok(()) } else { Err(refusal()) }
}

fn is_yes(answer: &str) -> bool {
    ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_one() {
        assert!(is_yes("y\n") && is_yes(" YES "));
        for answer in ["", "\n", "n", "yo", "j"] {
            assert!(!is_yes(answer), "{answer}");
        }
    }
}
