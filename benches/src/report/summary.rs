//! The figures by which people decide, computed from the measured ones: from how many requests on the hybrid costs less,
//! how many requests one Redis can serve, and what a million users cost.

use serde::{Deserialize, Serialize};

use super::sections::check_us;
use super::{Report, Role};
use crate::figures::{BASELINE, DesignFigures, Interval};
use crate::scale::Demand;

/// The number of users that prices are given for.
const USERS: f64 = 1e6;

/// What follows from a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// When the hybrid costs less CPU time than the session; `None` if one of the two was not measured, or if its check
    /// takes no less than the look-up.
    pub break_even: Option<BreakEven>,
    /// Each design at scale, by the model of the report.
    pub designs: Vec<AtScale>,
}

/// From how many requests on the hybrid takes less CPU time than the session, server and Redis together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BreakEven {
    /// Requests of one user in the lifetime of an access token; not a whole number.
    pub requests: f64,
    /// Where that number is, if each of the figures that it follows from is inside its own interval.
    pub interval: Interval,
    /// The lifetime of an access token, in s: in this time the hybrid exchanges one refresh token.
    pub within_s: u64,
}

/// A design with one Redis, and with a million users. These are predictions of the model, not measurements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AtScale {
    /// The name of the design.
    pub design: String,
    /// Requests per second at which one Redis is saturated; `None` for a design that does not ask it.
    pub one_redis_rps: Option<f64>,
    /// Requests per second that one core of an app server can serve.
    pub one_core_rps: f64,
    /// App servers and Redis for a million users, a month.
    pub million_users_monthly: f64,
    /// The currency of that price.
    pub currency: String,
}

impl Summary {
    /// What follows from this report; empty where it lacks the figures.
    pub fn of(report: &Report) -> Self {
        let scale = report.scale.iter();
        let designs = scale.flat_map(|scale| {
            scale.demands.iter().map(|demand| AtScale {
                design: demand.design.clone(),
                one_redis_rps: one_redis_rps(demand),
                one_core_rps: 1e6 / demand.app_us,
                million_users_monthly: demand.need(USERS, &scale.prices).monthly,
                currency: scale.prices.currency.clone(),
            })
        });
        Self { break_even: BreakEven::of(report), designs: designs.collect() }
    }

    /// A design at scale.
    pub fn design(&self, name: &str) -> Option<&AtScale> {
        self.designs.iter().find(|design| design.design == name)
    }
}

fn one_redis_rps(demand: &Demand) -> Option<f64> {
    Some(demand.bound(1.0, 1.0).store_rps).filter(|rps| rps.is_finite())
}

impl BreakEven {
    fn of(report: &Report) -> Option<Self> {
        let refresh = report.refresh.as_ref()?;
        let (session, hybrid) = (report.named_by(Role::LookUp)?, report.named_by(Role::SignedAndRefreshed)?);
        let added = |design| check_us(report, design).map(|us| us.max(0.0));
        let saved = added(session)? - added(hybrid)?;
        // The same difference, at both ends of what it is likely to be: a look-up that is as cheap as it may be and a
        // check as expensive, and the other way round.
        let (session, hybrid) = (likely(report.at_ceiling(session)?)?, likely(report.at_ceiling(hybrid)?)?);
        report.at_ceiling(BASELINE)?;
        let (least, most) = (session.low - hybrid.high, session.high - hybrid.low);
        if saved <= 0.0 {
            return None;
        }
        let exchange = refresh.likely_cpu_us();
        Some(Self {
            requests: refresh.cpu_us() / saved,
            interval: Interval {
                low: exchange.low / most,
                high: if least > 0.0 { exchange.high / least } else { f64::MAX },
            },
            within_s: refresh.access_ttl_s,
        })
    }
}

/// Where the CPU time of a request is likely to be, server and Redis together, in µs.
fn likely(figures: &DesignFigures) -> Option<Interval> {
    let server = figures.server_cpu_us?.likely();
    let store = figures.store_cpu_us.map_or(Interval { low: 0.0, high: 0.0 }, |store| store.likely());
    Some(Interval { low: server.low + store.low, high: server.high + store.high })
}
