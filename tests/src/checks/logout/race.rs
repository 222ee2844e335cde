//! A logout while other requests of the session are in progress.

use crate::{
    prelude::{ATTACK, Call, Check, Feature, Stage, Verdict},
    requests::log_out,
};

pub(in crate::checks) const CHECKS: &[Check] = &[Check {
    id: "logout.not-resurrected",
    title: "a slow request does not bring a logged-out session back",
    gains: "Continues to use a session that a concurrent request saved again after the logout.",
    read: "CWE-613, CWE-362",
    needs: &[Feature::InstantRevocation],
    run: |stage| Box::pin(not_resurrected(stage)),
    ..ATTACK
}];

async fn not_resurrected(stage: &Stage) -> Verdict {
    for _ in 0..4 {
        let person = stage.sign_up_web().await?;
        let mut calls: Vec<Call> = (0..12).map(|_| person.held.on(Call::get("/me"))).collect();
        calls.insert(6, person.held.on(log_out()));
        stage.send_all(calls).await?;
        let me = stage.me(&person.held).await?;
        me.is_since(401, "the session was logged out while other requests were in progress")?;
    }
    Ok(())
}
