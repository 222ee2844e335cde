//! Upper and lower bounds of the settings. A value beyond its bound would silently defeat the setting's purpose.

use std::time::Duration;

use super::{Config, ConfigError};

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

/// A setting, its upper bound in seconds, and the message that says why it has one.
type Bound = (fn(&Config) -> Duration, u64, &'static str);

/// The settings with a longest time.
const LONGEST: [Bound; 5] = [
    (
        |config| config.access_ttl,
        DAY,
        "AUTHLAB_ACCESS_TTL is at most 86400 (a day): a copied access token cannot be revoked before it expires; the \
         refresh token keeps users logged in",
    ),
    (
        |config| config.refresh_ttl,
        400 * DAY,
        "AUTHLAB_REFRESH_TTL is at most 34560000 (400 days): browsers keep no cookie for longer (RFC 6265bis §5.5)",
    ),
    (
        |config| config.leeway,
        5 * MINUTE,
        "AUTHLAB_LEEWAY is at most 300 (five minutes): it is for clocks that differ a little (RFC 7519 §4.1.4); set them \
         with NTP",
    ),
    (
        |config| Duration::from_secs(config.log_in.window_seconds),
        DAY,
        "AUTHLAB_FAILURES_WINDOW is at most 86400 (a day): for as long, an attacker's failures would lock the owner out",
    ),
    (
        |config| config.limits.idle_timeout,
        60 * MINUTE,
        "AUTHLAB_IDLE_TIMEOUT is at most 3600 (an hour): an idle connection takes the place of an active one",
    ),
];

pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    for (setting, longest_s, sentence) in LONGEST {
        if setting(config) > Duration::from_secs(longest_s) {
            return Err(ConfigError::Combination(sentence));
        }
    }
    if config.limits.idle_timeout.is_zero() {
        return Err(ConfigError::Combination("AUTHLAB_IDLE_TIMEOUT is at least 1 second"));
    }
    if config.limits.connections_per_address > config.limits.connections {
        return Err(ConfigError::Combination(
            "AUTHLAB_CONNECTIONS_PER_ADDRESS is at most AUTHLAB_CONNECTIONS: one address could take all of them",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Variables;
    use super::*;

    fn told(settings: &[(&str, &str)]) -> Result<Config, String> {
        Config::read(Variables::of(settings)).map_err(|error| error.to_string())
    }

    #[test]
    fn each_time_has_a_longest_value_and_a_second_more_is_refused_with_a_sentence() {
        for (name, longest) in [
            ("AUTHLAB_ACCESS_TTL", 86_400),
            ("AUTHLAB_REFRESH_TTL", 34_560_000),
            ("AUTHLAB_LEEWAY", 300),
            ("AUTHLAB_FAILURES_WINDOW", 86_400),
            ("AUTHLAB_IDLE_TIMEOUT", 3_600),
        ] {
            assert!(told(&[(name, &longest.to_string())]).is_ok(), "{name}");
            let sentence = told(&[(name, &(longest + 1).to_string())]).unwrap_err();
            assert!(sentence.starts_with(&format!("{name} is at most {longest} (")), "{sentence}");
            let ten_years = told(&[(name, "315360000")]).unwrap_err();
            assert_eq!(ten_years, sentence, "{name}");
        }
    }

    #[test]
    fn an_idle_connection_has_a_second_at_least() {
        assert!(told(&[("AUTHLAB_IDLE_TIMEOUT", "1")]).is_ok());
        assert_eq!(
            told(&[("AUTHLAB_IDLE_TIMEOUT", "0")]).unwrap_err(),
            "AUTHLAB_IDLE_TIMEOUT is at least 1 second"
        );
    }

    #[test]
    fn one_address_has_a_tenth_of_the_connections_unless_set_and_never_more_than_all() {
        let share =
            |settings: &[(&str, &str)]| told(settings).map(|config| config.limits.connections_per_address);
        assert_eq!(share(&[]), Ok(1_000));
        assert_eq!(share(&[("AUTHLAB_CONNECTIONS", "2000")]), Ok(200));
        assert_eq!(share(&[("AUTHLAB_CONNECTIONS", "100")]), Ok(64));
        assert_eq!(share(&[("AUTHLAB_CONNECTIONS", "5")]), Ok(5));
        let both = |most| [("AUTHLAB_CONNECTIONS", "100"), ("AUTHLAB_CONNECTIONS_PER_ADDRESS", most)];
        assert_eq!(share(&both("100")), Ok(100));
        assert!(share(&both("101")).unwrap_err().starts_with("AUTHLAB_CONNECTIONS_PER_ADDRESS is at most"));
    }
}
