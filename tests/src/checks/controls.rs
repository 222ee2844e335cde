//! The descriptor and the lab controls: what a server says about itself, and that no other site can move its clock.

use serde_json::{Value, json};

use crate::{
    prelude::{ATTACK, Call, Check, Feature, Outcome, RULE, Stage, TIMED_ATTACK, TIMED_RULE, Verdict},
    requests::advance_clock,
};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "lab.descriptor",
        title: "GET /lab states the contract, lab, store, features, lifetimes and limits",
        gains: "The checker does not test features that a server does not claim.",
        read: "contract: descriptor",
        run: |stage| Box::pin(descriptor(stage)),
        ..RULE
    },
    Check {
        id: "lab.clock-moves",
        title: "the lab clock moves forward by the requested time",
        gains: "A learner cannot see an expiry without waiting for it.",
        read: "contract: lab controls",
        run: |stage| Box::pin(clock_moves(stage)),
        ..TIMED_RULE
    },
    Check {
        id: "lab.clock-bounds",
        title: "the lab clock moves by whole seconds from 0 to 100,000,000, and never back",
        gains: "Sets the clock back, so that expired credentials work again.",
        read: "contract: lab controls",
        run: |stage| Box::pin(clock_bounds(stage)),
        ..TIMED_ATTACK
    },
    Check {
        id: "lab.clock-not-forwarded",
        title: "the lab controls refuse a request that came through a proxy",
        gains: "Moves the clock from the Internet, through a proxy on the same machine, and so ends all sessions.",
        read: "contract: lab controls; CWE-348",
        run: |stage| Box::pin(not_forwarded(stage)),
        ..TIMED_ATTACK
    },
    Check {
        id: "lab.clock-foreign-host",
        title: "the lab controls refuse a Host that is not this machine's",
        gains: "A web page whose name is made to point at 127.0.0.1 (DNS rebinding) moves the clock.",
        read: "contract: lab controls; CWE-350",
        run: |stage| Box::pin(foreign_host(stage)),
        ..TIMED_ATTACK
    },
    Check {
        id: "lab.clock-absent",
        title: "a server that announces no lab controls has none",
        gains: "Moves a production server's clock, and with it every expiry.",
        read: "OWASP A05:2021, contract: lab controls",
        run: |stage| Box::pin(absent(stage)),
        ..ATTACK
    },
];

async fn descriptor(stage: &Stage) -> Verdict {
    let Some(served) = stage.target.as_served() else {
        return Err(Outcome::skipped("the server was described by flags, because it has no /lab"));
    };
    let answer = stage.answered(Call::get("/lab"), 200).await?;
    answer.expect(served.get("contract") == Some(&json!(1)), "`contract`: 1")?;
    for name in ["lab", "store"] {
        let text = served.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        answer.expect(text, format!("a non-empty string `{name}`"))?;
    }
    let features = served.get("features").and_then(Value::as_array);
    let known = features.is_some_and(|all| {
        all.iter().all(|one| one.as_str().is_some_and(|name| name.parse::<Feature>().is_ok()))
    });
    let names = Feature::ALL.map(Feature::name).join(", ");
    answer.expect(known, format!("`features`: a list of names from {names}"))?;
    answer.expect(served.get("controls").is_some_and(Value::is_boolean), "`controls`: true or false")?;
    answer.expect(served.get("limits").is_some_and(Value::is_object), "`limits`: an object")?;
    for (feature, name) in [
        (Feature::AccessJwt, "access_ttl"),
        (Feature::Refresh, "refresh_ttl"),
        (Feature::Refresh, "idle_ttl"),
        (Feature::Rotation, "refresh_window"),
    ] {
        let right = served.get(name).is_some_and(Value::is_u64) || !stage.claims(feature);
        answer.expect(right, format!("`{name}` in seconds, since `{feature}` is claimed"))?;
    }
    Ok(())
}

async fn clock_moves(stage: &Stage) -> Verdict {
    let before = stage.expect_now().await?;
    let moved = stage.answered(advance_clock(100), 200).await?;
    let after = moved.json().get("now").and_then(Value::as_f64).unwrap_or_default();
    // Real time passes too.
    moved.expect((99.0..160.0).contains(&(after - before)), format!("`now` about {}", before + 100.0))?;
    let read = stage.expect_now().await?;
    moved.expect((-1.0..60.0).contains(&(read - after)), "GET /lab/clock to say the same time")
}

async fn clock_bounds(stage: &Stage) -> Verdict {
    stage.expect_status(advance_clock(0), 200, "0 seconds are allowed").await?;
    let before = stage.now().await?;
    for by in [json!(-1), json!(100_000_001), json!(1.5), json!("60"), json!(null), json!(-100_000_000)] {
        let answer = stage.send(advance_clock(by.clone())).await?;
        answer.refused(422, "invalid", &format!("{by} is not a whole number from 0 to 100,000,000"))?;
        let still = (-1.0..60.0).contains(&(stage.now().await? - before));
        answer.expect(still, "a clock that did not move")?;
    }
    Ok(())
}

async fn not_moved_by(stage: &Stage, call: Call, why: &str) -> Verdict {
    let before = stage.now().await?;
    let answer = stage.send(call).await?;
    answer.is_refused(&format!("a refusal (4xx): {why}"))?;
    let still = stage.now().await? - before < 900.0;
    answer.expect(still, "a clock that did not move")
}

async fn not_forwarded(stage: &Stage) -> Verdict {
    for (name, value) in [
        ("x-forwarded-for", "203.0.113.9"),
        ("forwarded", "for=203.0.113.9"),
        ("x-real-ip", "203.0.113.9"),
        ("x-forwarded-host", "localhost"),
    ] {
        let call = advance_clock(1000).header(name, value);
        not_moved_by(stage, call, "the request came through a proxy").await?;
    }
    Ok(())
}

async fn foreign_host(stage: &Stage) -> Verdict {
    for host in
        ["rebound.example", "localhost.rebound.example", "127.0.0.1.rebound.example:80", "192.168.1.10"]
    {
        let call = advance_clock(1000).header("host", host);
        not_moved_by(stage, call, "the Host is not this machine's").await?;
    }
    Ok(())
}

async fn absent(stage: &Stage) -> Verdict {
    if stage.descriptor().controls {
        return Err(Outcome::skipped("the server announces lab controls"));
    }
    for call in [advance_clock(1), Call::get("/lab/clock")] {
        let answer = stage.send(call).await?;
        answer.is_since(404, "the server announces no lab controls")?;
    }
    Ok(())
}
