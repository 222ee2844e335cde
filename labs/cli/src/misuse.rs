//! Removes secrets from the argument parser's messages about an invalid command line.
//!
//! The parser repeats text that it does not understand, such as a store's URL with its password, at `--store` or at a
//! wrong place. Its message may end up in a log, in a recording of a terminal, or in a public bug report.

use clap::Error;
use clap::error::{ContextKind, ContextValue};
use kit::store_url;

/// The parts of a message that repeat the user's input.
const TYPED: [ContextKind; 5] = [
    ContextKind::InvalidArg,
    ContextKind::InvalidValue,
    ContextKind::InvalidSubcommand,
    ContextKind::TrailingArg,
    ContextKind::PriorArg,
];
/// The parts of a message that repeat the input in a suggestion.
const SUGGESTED: [ContextKind; 5] = [
    ContextKind::Suggested,
    ContextKind::SuggestedArg,
    ContextKind::SuggestedCommand,
    ContextKind::SuggestedSubcommand,
    ContextKind::SuggestedValue,
];

/// The same error, in which each URL, and each value of `--store`, is replaced by its form without secrets.
pub(crate) fn without_secrets(mut error: Error) -> Error {
    let is_store = matches!(error.get(ContextKind::InvalidArg), Some(ContextValue::String(of)) if of.starts_with("--store"));
    let mut hid = false;
    for kind in TYPED {
        let is_store = is_store && kind == ContextKind::InvalidValue;
        let shown = match error.get(kind) {
            Some(ContextValue::String(text)) => shown(text, is_store).map(ContextValue::String),
            Some(ContextValue::Strings(texts)) => {
                let each = texts.iter().map(|text| shown(text, is_store).unwrap_or_else(|| text.clone()));
                Some(ContextValue::Strings(each.collect()))
            }
            _ => None,
        };
        if let Some(shown) = shown {
            hid |= error.insert(kind, shown.clone()).is_some_and(|typed| typed != shown);
        }
    }
    if hid {
        for kind in SUGGESTED {
            error.remove(kind);
        }
    }
    error
}

/// The text with its secrets removed; `None` if all of it may be shown.
fn shown(text: &str, is_store: bool) -> Option<String> {
    let (option, value) = match text.split_once('=') {
        Some((option, value)) if is_option(option) => (format!("{option}="), value),
        _ => (String::new(), text),
    };
    let is_store = is_store || option == "--store=";
    let looks_like_one = value.contains("://") || value.contains('@');
    (is_store || looks_like_one).then(|| option + &store_url::without_secrets(value))
}

fn is_option(text: &str) -> bool {
    let name = text.strip_prefix("--").unwrap_or_default();
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::arguments::Arguments;

    fn told(line: &[&str]) -> String {
        let typed = ["cargo lab"].iter().chain(line);
        without_secrets(Arguments::try_parse_from(typed).unwrap_err()).to_string()
    }

    #[test]
    fn the_value_of_a_store_is_repeated_without_its_password() {
        let message = told(&["serve", "hybrid", "--store", "rediss://u:hunter2@h"]);
        assert!(
            message.starts_with("error: invalid value 'rediss://h' for '--store <STORE>': a store is"),
            "{message}"
        );
        for typed in ["admin:hunter2@host", "hunter2", "redis:u:hunter2", "http://hunter2"] {
            let message = told(&["serve", "hybrid", "--store", typed]);
            assert!(typed == "http://hunter2" || !message.contains("hunter2"), "{message}");
        }
        let message = told(&["serve", "hybrid", "--store", "mysql"]);
        assert!(message.starts_with("error: invalid value 'mysql' for '--store <STORE>'"), "{message}");
    }

    #[test]
    fn no_place_of_a_command_line_repeats_a_password() {
        for url in [
            "rediss://u:hunter2@h",
            "redis://u:hunter2@h:6379/0",
            "redis+unix:///run/redis.sock?pass=hunt@hunter2",
            "redis+cluster://u:hunter2@a:1,b:2",
            "admin:hunter2@host",
        ] {
            let inline = format!("--store={url}");
            for line in [
                vec![url],
                vec!["serve", url],
                vec!["serve", "hybrid", url],
                vec!["serve", "hybrid", "--stor", url],
                vec!["check", "hybrid", "--store", "memory", url],
                vec!["doctor", "--store", url],
                vec!["doctor", &inline],
                vec!["bench", "--rtt", url],
                vec!["bench", "--stores", url],
                vec!["faults", &inline, "--only"],
                vec!["tour", url],
                vec!["--store", "memory", url],
            ] {
                let message = told(&line);
                assert!(message.starts_with("error: "), "{message}");
                assert!(!message.contains("hunter2") && !message.contains("hunt@"), "{line:?}: {message}");
            }
        }
    }

    #[test]
    fn what_is_no_secret_is_repeated_with_what_the_parser_suggests() {
        let message = told(&["bench", "--rtt", "soon"]);
        assert!(message.contains("invalid value 'soon' for '--rtt <MS>'"), "{message}");
        let message = told(&["benhc"]);
        assert!(
            message.contains("unrecognized subcommand 'benhc'") && message.contains("'bench'"),
            "{message}"
        );
        let message = told(&["serve", "hybird"]);
        assert!(message.contains("'hybird'") && message.contains("'hybrid'"), "{message}");
    }
}
