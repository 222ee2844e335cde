//! The names with which the checks are written.

pub(crate) use crate::{
    call::Call,
    check::{ATTACK, Check, RULE, TIMED_ATTACK, TIMED_RULE},
    descriptor::Feature,
    exchange::Exchange,
    fresh::{fresh_email, fresh_password},
    outcome::{Outcome, SetUp, Verdict},
    person::{Held, Person},
    stage::Stage,
};
