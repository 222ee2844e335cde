//! Points in time in a token: NumericDate, the seconds since 1970-01-01T00:00:00Z (RFC 7519 §2).

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::json::Json;

/// What a claim that should be a NumericDate contains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Moment {
    /// Seconds since the Unix epoch, which may have a fraction.
    Seconds(f64),
    /// A number that is a plausible date only in a smaller unit: the unit, and the date in seconds.
    Smaller(&'static str, f64),
    /// A number that no date has, for example 1e400.
    OutOfRange,
    /// Not a number.
    NotANumber(&'static str),
}

/// From this number of seconds on, which is in the year 5138, a number is taken for milliseconds.
const MILLISECONDS_FROM: f64 = 1e11;
/// From this number on, it is taken for microseconds, and 1000 times above for nanoseconds.
const MICROSECONDS_FROM: f64 = 1e14;
const NANOSECONDS_FROM: f64 = 1e17;
const NO_DATE_FROM: f64 = 1e20;

impl Moment {
    pub(super) fn read(value: &Json) -> Self {
        let Json::Number(digits) = value else { return Self::NotANumber(value.kind()) };
        match digits.parse::<f64>() {
            Ok(number) if number.abs() < MILLISECONDS_FROM => Self::Seconds(number),
            Ok(number) if number < 0.0 => Self::OutOfRange,
            Ok(number) if number < MICROSECONDS_FROM => Self::Smaller("milliseconds", number / 1e3),
            Ok(number) if number < NANOSECONDS_FROM => Self::Smaller("microseconds", number / 1e6),
            Ok(number) if number < NO_DATE_FROM => Self::Smaller("nanoseconds", number / 1e9),
            _ => Self::OutOfRange,
        }
    }

    /// The seconds, if the claim is valid.
    pub(super) fn seconds(self) -> Option<f64> {
        match self {
            Self::Seconds(seconds) => Some(seconds),
            _ => None,
        }
    }
}

/// The date in UTC as RFC 3339 writes it, in whole seconds; `None` outside of the years 0 to 9999.
pub(super) fn date(seconds: f64) -> Option<String> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a number of this size has no date, and `format` says so"
    )]
    let whole = seconds.floor() as i64;
    OffsetDateTime::from_unix_timestamp(whole).ok()?.format(&Rfc3339).ok()
}

/// The date in parentheses, to stand behind a relative time; empty if there is none.
pub(super) fn in_parentheses(seconds: f64) -> String {
    date(seconds).map(|date| format!(" ({date})")).unwrap_or_default()
}

/// A length of time, rounded down to one unit.
pub(super) fn length(seconds: f64) -> String {
    match seconds.abs() {
        short if short < 1.0 && short > 0.0 => "less than 1 s".to_owned(),
        short if short < 120.0 => format!("{} s", short.floor()),
        minutes if minutes < 7_200.0 => format!("{} min", (minutes / 60.0).floor()),
        hours if hours < 172_800.0 => format!("{} h", (hours / 3_600.0).floor()),
        days if days < 1_095.0 * 86_400.0 => format!("{} days", (days / 86_400.0).floor()),
        years => format!("{} years", (years / (365.25 * 86_400.0)).floor()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment {
        Moment::read(&Json::parse(text).unwrap())
    }

    #[test]
    fn a_whole_number_and_a_fraction_are_seconds() {
        assert_eq!(moment("1300819380"), Moment::Seconds(1_300_819_380.0));
        assert_eq!(moment("1300819380.75"), Moment::Seconds(1_300_819_380.75));
        assert_eq!(moment("1.3e9"), Moment::Seconds(1.3e9));
        assert_eq!(moment("-1"), Moment::Seconds(-1.0));
    }

    #[test]
    fn smaller_units_and_what_is_no_date_are_told_apart() {
        assert_eq!(moment("1300819380000"), Moment::Smaller("milliseconds", 1_300_819_380.0));
        assert_eq!(moment("1300819380000000"), Moment::Smaller("microseconds", 1_300_819_380.0));
        assert_eq!(moment("1300819380000000000"), Moment::Smaller("nanoseconds", 1_300_819_380.0));
        assert_eq!(moment("1e400"), Moment::OutOfRange);
        assert_eq!(moment("-1e12"), Moment::OutOfRange);
        assert_eq!(moment("\"1300819380\""), Moment::NotANumber("a string"));
    }

    #[test]
    fn dates_are_in_utc_and_lengths_in_one_unit() {
        assert_eq!(date(1_300_819_380.9).unwrap(), "2011-03-22T18:43:00Z");
        assert_eq!(date(9e10), Some("4821-12-26T16:00:00Z".to_owned()));
        assert_eq!(date(1e12), None);
        let lengths = [0.0, 0.5, 119.0, 120.0, 7_199.0, 7_200.0, 172_800.0, 94_608_000.0].map(length);
        assert_eq!(
            lengths,
            ["0 s", "less than 1 s", "119 s", "2 min", "119 min", "2 h", "2 days", "2 years"]
        );
    }
}
