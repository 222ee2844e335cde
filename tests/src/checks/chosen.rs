//! What a user may choose: no password that attackers guess first, and one account per address, however it is written.

use crate::{
    fresh::{DOMAIN, fresh_name},
    prelude::{ATTACK, Call, Check, Stage, Verdict, fresh_email, fresh_password},
    requests::{log_in, sign_up},
};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "signup.common-password",
        title: "a password that attackers try first is 422 at signup",
        gains: "Tries the ten most common passwords at every account, and gets into one in a hundred.",
        read: "OWASP ASVS 6.2.4, NIST SP 800-63B-4 §3.1.1.2",
        run: |stage| Box::pin(common_password(stage)),
        ..ATTACK
    },
    Check {
        id: "signup.own-address",
        title: "the user's own address, or its local part, as the password is 422",
        gains: "Needs no guess: the password is the address.",
        read: "NIST SP 800-63B-4 §3.1.1.2 (blocklist: derivatives of the user name)",
        run: |stage| Box::pin(own_address(stage)),
        ..ATTACK
    },
    Check {
        id: "signup.invisible-address",
        title: "an address with zero-width or bidirectional characters is 422",
        gains: "Signs up with an address that looks like another user's, and is mistaken for that user.",
        read: "Unicode TR 36 §3.2, contract: e-mail",
        run: |stage| Box::pin(invisible_address(stage)),
        ..ATTACK
    },
    Check {
        id: "signup.domain-spellings",
        title: "an address with a domain in Unicode and the same address with A-labels are one account",
        gains: "Signs up with another spelling of a user's address, and receives what is meant for that user.",
        read: "RFC 5890 §2.3.2.1, contract: e-mail",
        run: |stage| Box::pin(domain_spellings(stage)),
        ..ATTACK
    },
];

/// From eight characters to twenty, so that one of them is long enough for any server, which may refuse a shorter one
/// for its length.
pub(super) const COMMON: [&str; 5] =
    ["password", "12345678", "passwordpassword", "123456789123456789", "12345678901234567890"];

async fn common_password(stage: &Stage) -> Verdict {
    for common in COMMON {
        refused_as_common(stage, sign_up(&fresh_email(), common), common).await?;
    }
    stage.expect_status(sign_up(&fresh_email(), &fresh_password()), 201, "this password is random").await
}

pub(super) async fn refused_as_common(stage: &Stage, call: Call, password: &str) -> Verdict {
    let why = format!("`{password}` is one of the passwords that attackers try first");
    stage.expect_refusal(call, 422, "invalid", &why).await
}

async fn own_address(stage: &Stage) -> Verdict {
    let name = fresh_name();
    let email = format!("{name}@{DOMAIN}");
    for own in [&email, &name.to_uppercase()] {
        let answer = stage.send(sign_up(&email, own)).await?;
        answer.refused(422, "invalid", "the password is the user's own address, or its local part")?;
    }
    stage.expect_status(sign_up(&email, &fresh_email()), 201, "this password is another address").await
}

async fn invisible_address(stage: &Stage) -> Verdict {
    let name = fresh_name();
    for (hidden, what) in [
        ('\u{200b}', "a zero-width space"),
        ('\u{200d}', "a zero-width joiner"),
        ('\u{feff}', "a byte order mark"),
        ('\u{ad}', "a soft hyphen"),
        ('\u{202e}', "a right-to-left override"),
        ('\u{2066}', "a left-to-right isolate"),
    ] {
        let (start, end) = name.split_at(4);
        for email in [format!("{start}{hidden}{end}@{DOMAIN}"), format!("{name}@exam{hidden}ple.test")] {
            let answer = stage.send(sign_up(&email, &fresh_password())).await?;
            answer.refused(422, "invalid", &format!("this address contains {what}"))?;
        }
    }
    let same = sign_up(&format!("{name}@{DOMAIN}"), &fresh_password());
    stage.expect_status(same, 201, "this is the same address without them").await
}

async fn domain_spellings(stage: &Stage) -> Verdict {
    let (name, password) = (fresh_name(), fresh_password());
    let at = |domain: &str| format!("{name}@{domain}");
    let sign_up_at = async |domain: &str| stage.send(sign_up(&at(domain), &password)).await;
    sign_up_at("b\u{fc}cher.example").await?.is_since(201, "a domain may be in Unicode")?;
    for spelling in
        ["xn--bcher-kva.example", "XN--BCHER-KVA.example", "B\u{dc}CHER.example", "bu\u{308}cher.example"]
    {
        let answer = sign_up_at(spelling).await?;
        answer.refused(409, "email_taken", "this is another spelling of the same domain")?;
    }
    let call = log_in(&at("xn--bcher-kva.example"), &password, "mobile");
    stage.expect_status(call, 200, "this is the account's address, spelt in another way").await?;
    sign_up_at("bucher.example").await?.is_since(201, "this is another domain")
}

pub(super) async fn password_normalised(stage: &Stage) -> Verdict {
    let start = fresh_password();
    let [composed, decomposed] = ["\u{e9}", "e\u{301}"].map(|accent| format!("{start} caf{accent}"));
    for (chosen, typed) in [(&composed, &decomposed), (&decomposed, &composed)] {
        let email = fresh_email();
        stage.set_up(sign_up(&email, chosen), 201).await?;
        let answer = stage.send(log_in(&email, typed, "mobile")).await?;
        answer.is_since(200, "this is the same password, with the accent encoded in the other way")?;
        let answer = stage.send(log_in(&email, &format!("{start} cafe"), "mobile")).await?;
        answer.refused(401, "invalid_credentials", "the accent is missing")?;
    }
    Ok(())
}
