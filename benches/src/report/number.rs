//! Writes a figure with a sensible number of digits and its unit.

use time::OffsetDateTime;

/// A whole number with commas: `101,234`.
pub fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    if value < 0.0 && digits != "0" {
        text.push('−');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with about three digits: `0.52`, `9.3`, `128`, `4,370`.
pub fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => thousands(value),
        size if size >= 10.0 => format!("{value:.1}"),
        0.0 => "0".to_owned(),
        size if size >= 1.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A time in µs, written in the unit that suits it: `310 µs`, `4.2 ms`, `15 min`.
pub fn duration_us(us: f64) -> String {
    const MS: f64 = 1e3;
    const S: f64 = 1e6;
    match us {
        us if us < MS => format!("{us:.0} µs"),
        us if us < S => format!("{} ms", short(us / MS)),
        us if us < 60.0 * S => format!("{} s", short(us / S)),
        us if us < 3_600.0 * S => format!("{} min", trimmed(us / (60.0 * S))),
        us => format!("{} h", trimmed(us / (3_600.0 * S))),
    }
}

/// A time in s, written in the unit that suits it.
pub fn duration_s(seconds: f64) -> String {
    duration_us(seconds * 1e6)
}

/// A size in bytes, written in the unit that suits it: `411 B`, `12.4 MiB`.
pub fn bytes(count: f64) -> String {
    const KIB: f64 = 1024.0;
    match count {
        count if count < KIB => format!("{count:.0} B"),
        count if count < KIB * KIB => format!("{} KiB", short(count / KIB)),
        count if count < KIB * KIB * KIB => format!("{} MiB", short(count / KIB / KIB)),
        count => format!("{} GiB", short(count / KIB / KIB / KIB)),
    }
}

fn trimmed(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// The date and time in the format of RFC 3339, in UTC, to the minute. A time after the year 9999 is written in seconds.
pub fn date(unix_s: u64) -> String {
    let at = i64::try_from(unix_s).ok().and_then(|unix_s| OffsetDateTime::from_unix_timestamp(unix_s).ok());
    let Some(at) = at else { return format!("{unix_s} s after 1970") };
    let month = u8::from(at.month());
    format!("{}-{month:02}-{:02} {:02}:{:02} UTC", at.year(), at.day(), at.hour(), at.minute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_as_people_write_them() {
        assert_eq!(thousands(101_234.4), "101,234");
        assert_eq!(thousands(-1_200.0), "−1,200");
        assert_eq!(thousands(999.0), "999");
        assert_eq!(
            [short(0.0), short(0.524), short(9.34), short(51.26), short(4_370.2)],
            ["0", "0.52", "9.3", "51.3", "4,370"]
        );
        assert_eq!([duration_us(312.4), duration_us(4_230.0)], ["312 µs", "4.2 ms"]);
        assert_eq!(
            [duration_us(2_000_000.0), duration_us(9e8), duration_us(9e9)],
            ["2.0 s", "15 min", "2.5 h"]
        );
        assert_eq!([bytes(411.0), bytes(2_048.0), bytes(13_000_000.0)], ["411 B", "2.0 KiB", "12.4 MiB"]);
    }

    #[test]
    fn a_date_is_the_calendars() {
        assert_eq!(date(0), "1970-01-01 00:00 UTC");
        assert_eq!(date(951_782_400), "2000-02-29 00:00 UTC");
        assert_eq!(date(1_795_434_300), "2026-11-23 11:45 UTC");
        assert_eq!(date(4_107_542_399), "2100-02-28 23:59 UTC");
        assert_eq!(date(4_107_542_400), "2100-03-01 00:00 UTC");
        assert_eq!(date(253_402_300_799), "9999-12-31 23:59 UTC");
        assert_eq!(date(u64::MAX), "18446744073709551615 s after 1970");
    }
}
