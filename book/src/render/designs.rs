//! The table of a block `designs`: what a thief's copy can do after its owner has logged out, for each design of the registry.

use std::fmt::Write;

use mdbook_preprocessor::errors::Result;

use crate::lang::Lang;
use crate::registry::{Credential, Design, Logout, Registry};

/// The table in Markdown.
pub(super) fn write(registry: &Registry, lang: Lang) -> Result<String> {
    let mut table = format!("| {} |\n|---|---|---|---|\n", lang.words().designs_header.join(" | "));
    for design in registry.designs.iter().filter(|design| !design.is_baseline) {
        writeln!(table, "| {} |", row(design, lang).join(" | "))?;
    }
    Ok(table)
}

fn row(design: &Design, lang: Lang) -> [&str; 4] {
    let words = lang.words();
    let (accepted, how_long) = match design.logout {
        Logout::None => (words.yes, words.always),
        Logout::AtOnce => (words.no, words.refused_at_once),
        Logout::AtExpiry => (words.yes_with_access_token, words.until_expiry),
    };
    let renewed = match design.credential {
        Credential::None | Credential::Bearer => words.nothing_to_renew,
        Credential::Cookie => words.no,
        Credential::BearerAndRefresh => words.refresh_token_refused,
    };
    let title = lang.choose(&design.words.title);
    [title, accepted, how_long, renewed]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_design_but_the_baseline_has_a_row_in_each_language() {
        let registry = Registry::committed().unwrap();
        for lang in [Lang::En, Lang::Ja] {
            let table = write(&registry, lang).unwrap();
            assert_eq!(table.lines().count(), 2 + registry.designs.len() - 1, "{table}");
        }
        let english = write(&registry, Lang::En).unwrap();
        assert!(english.contains("| Session | no | refused at once | no |"), "{english}");
        let hybrid = "| Hybrid | **yes**, with the access token | until the access token expires: at most 15 minutes | \
                      no: the refresh token is refused at once |";
        assert!(english.contains(hybrid), "{english}");
    }
}
