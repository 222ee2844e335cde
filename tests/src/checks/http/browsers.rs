//! Headers that keep a browser from misinterpreting a response.

use super::errors;
use crate::prelude::{ATTACK, Call, Check, Exchange, Stage, Verdict};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "http.nosniff",
        title: "every response has X-Content-Type-Options: nosniff",
        gains: "Gets their own text into a response, and the browser takes it for a page or script of the site.",
        read: "OWASP ASVS 3.4.4, OWASP REST Security Cheat Sheet",
        run: |stage| Box::pin(nosniff(stage)),
        ..ATTACK
    },
    Check {
        id: "http.not-framed",
        title: "no response can be framed by another page: Content-Security-Policy has frame-ancestors 'none'",
        gains: "Puts the response in an invisible frame over other buttons, and users click what they do not see.",
        read: "OWASP ASVS 3.4.6, OWASP REST Security Cheat Sheet",
        run: |stage| Box::pin(not_framed(stage)),
        ..ATTACK
    },
];

async fn answers(stage: &Stage) -> Verdict<Vec<Exchange>> {
    let mut answers: Vec<_> = errors(stage).await?.into_iter().map(|(_status, answer)| answer).collect();
    answers.push(stage.send(Call::get("/health/live")).await?);
    Ok(answers)
}

async fn nosniff(stage: &Stage) -> Verdict {
    for answer in answers(stage).await? {
        let nosniff = answer
            .header("x-content-type-options")
            .is_some_and(|value| value.eq_ignore_ascii_case("nosniff"));
        answer.expect(nosniff, "X-Content-Type-Options: nosniff")?;
    }
    Ok(())
}

async fn not_framed(stage: &Stage) -> Verdict {
    for answer in answers(stage).await? {
        let policy = answer.header("content-security-policy").unwrap_or_default().to_lowercase();
        let mut directives = policy.split(';').map(|part| part.split_whitespace().collect::<Vec<_>>());
        let refused = directives.any(|part| part == ["frame-ancestors", "'none'"]);
        answer.expect(refused, "Content-Security-Policy: frame-ancestors 'none'")?;
    }
    Ok(())
}
