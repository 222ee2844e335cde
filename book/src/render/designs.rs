//! The table of a block `designs`: what a thief's copy can do after its owner has logged out, for each design of the registry.

use std::fmt::Write;

use mdbook_preprocessor::errors::Result;

use crate::Lang;
use crate::registry::{Credential, Design, Logout, Registry};

/// A row of the table.
type Row = [String; 4];

/// The table in Markdown.
pub(super) fn write(registry: &Registry, lang: Lang) -> Result<String> {
    let header = match lang {
        Lang::En => ["design", "accepted after logout", "for how long", "can the thief renew?"],
        Lang::Ja => ["設計", "ログアウト後に受理されるか", "いつまで", "泥棒は更新できるか"],
    };
    let mut table = format!("| {} |\n|---|---|---|---|\n", header.join(" | "));
    for design in registry.designs.iter().filter(|design| !design.is_baseline) {
        writeln!(table, "| {} |", row(design, lang).join(" | "))?;
    }
    Ok(table)
}

fn row(design: &Design, lang: Lang) -> Row {
    let says = |en: &str, ja: &str| match lang {
        Lang::En => en.to_owned(),
        Lang::Ja => ja.to_owned(),
    };
    let (let_in, how_long) = match design.logout {
        Logout::None => (says("yes", "はい"), says("always", "ずっと")),
        Logout::AtOnce => (says("no", "いいえ"), says("refused at once", "即座に拒否される")),
        Logout::AtExpiry => (
            says("**yes**, with the access token", "**はい**。アクセストークンで"),
            says(
                "until the access token expires: at most 15 minutes",
                "アクセストークンの期限が切れるまで。最長 15 分",
            ),
        ),
    };
    let renewed = match design.credential {
        Credential::None | Credential::Bearer => says("there is nothing to renew", "更新するものがない"),
        Credential::Cookie => says("no", "いいえ"),
        Credential::BearerAndRefresh => {
            says("no: the refresh token is refused at once", "いいえ。リフレッシュトークンは即座に無効になる")
        }
    };
    [design.words.title.in_language(lang).to_owned(), let_in, how_long, renewed]
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
