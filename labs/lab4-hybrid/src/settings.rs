//! The settings that only this lab has.

use std::time::Duration;

use kit::Config;
use kit::config::ConfigError;
use kit::keyring::Keyring;

use crate::store::Policy;

/// The longest refresh window.
const LONGEST_WINDOW: Duration = Duration::from_mins(10);

/// The settings of a hybrid server, beside those that every server has.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long after a rotation the previous refresh token still gets the same response. Zero is strict mode; at most
    /// ten minutes. `AUTHLAB_REFRESH_WINDOW`, seconds
    pub refresh_window: Duration,
    /// Whether each request with an access token also reads the account's row and asks the store whether the session is
    /// alive: logout then takes effect at once, and each request costs two reads. `AUTHLAB_LIVE_CHECK`: `on` or `off`
    pub live_check: bool,
    /// The master secrets of refresh tokens. `None`: a random key that is lost at a restart. `AUTHLAB_REFRESH_KEYS`
    pub refresh_keys: Option<Keyring>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { refresh_window: Duration::from_secs(10), live_check: false, refresh_keys: None }
    }
}

impl Settings {
    /// Reads the settings from the variables of `config`; a variable without a value takes its default.
    ///
    /// # Errors
    /// Fails if a value does not parse, is out of bounds, or contradicts another setting.
    pub fn read(config: &Config) -> Result<Self, ConfigError> {
        let (variables, d) = (&config.variables, Self::default());
        let settings = Self {
            refresh_window: variables.seconds("AUTHLAB_REFRESH_WINDOW")?.unwrap_or(d.refresh_window),
            live_check: variables.switch("AUTHLAB_LIVE_CHECK")?.unwrap_or(d.live_check),
            refresh_keys: variables.keys("AUTHLAB_REFRESH_KEYS")?,
        };
        settings.check(config)?;
        Ok(settings)
    }

    /// The limits that the store enforces.
    pub fn policy(&self, config: &Config) -> Policy {
        Policy {
            window: self.refresh_window,
            idle: config.idle_ttl,
            absolute: config.refresh_ttl,
            sessions_per_user: config.limits.sessions_per_user,
            ended_remembered: config.access_ttl,
            expired_remembered: Duration::from_hours(1),
        }
    }

    fn check(&self, config: &Config) -> Result<(), ConfigError> {
        if self.refresh_window > LONGEST_WINDOW {
            return Err(ConfigError::Combination(
                "AUTHLAB_REFRESH_WINDOW is at most 600 (ten minutes): during it the server does not notice a copied refresh token",
            ));
        }
        if self.refresh_window >= config.idle_ttl {
            return Err(ConfigError::Combination("the refresh window must be shorter than the idle limit"));
        }
        let rings = config.access_keys.as_ref().zip(self.refresh_keys.as_ref());
        if rings.is_some_and(|(access, refresh)| access.shares_a_secret_with(refresh)) {
            return Err(ConfigError::Combination(
                "AUTHLAB_ACCESS_KEYS and AUTHLAB_REFRESH_KEYS have a secret in common: a service that may check access tokens could make \
                 refresh tokens; give each setting its own secret, from `openssl rand -base64 48`",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use kit::config::Variables;

    use super::*;

    fn told(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let config = Config::read(Variables::of(variables)).unwrap();
        Settings::read(&config).map_err(|error| error.to_string())
    }

    #[test]
    fn a_window_of_ten_minutes_is_accepted_and_a_second_more_is_refused_with_a_sentence() {
        assert_eq!(told(&[]).unwrap().refresh_window.as_secs(), 10);
        assert_eq!(told(&[("AUTHLAB_REFRESH_WINDOW", "600")]).unwrap().refresh_window.as_secs(), 600);
        let sentence = told(&[("AUTHLAB_REFRESH_WINDOW", "601")]).unwrap_err();
        assert!(sentence.starts_with("AUTHLAB_REFRESH_WINDOW is at most 600 ("), "{sentence}");
    }

    #[test]
    fn a_window_is_shorter_than_the_idle_limit() {
        let of = |window| told(&[("AUTHLAB_IDLE_TTL", "60"), ("AUTHLAB_REFRESH_WINDOW", window)]);
        assert!(of("59").is_ok());
        assert_eq!(of("60").unwrap_err(), "the refresh window must be shorter than the idle limit");
    }

    #[test]
    fn the_live_check_is_on_or_off() {
        assert!(!told(&[]).unwrap().live_check);
        assert!(told(&[("AUTHLAB_LIVE_CHECK", "on")]).unwrap().live_check);
        let error = told(&[("AUTHLAB_LIVE_CHECK", "yes")]).unwrap_err();
        assert_eq!(error, "AUTHLAB_LIVE_CHECK is `yes`, and should be `on` or `off`");
    }

    #[test]
    fn refresh_keys_that_cannot_be_used_are_not_repeated_in_the_message() {
        let error = told(&[("AUTHLAB_REFRESH_KEYS", "1=hunter2hunter2 hunter2hunter2hunter2")]).unwrap_err();
        assert!(error.starts_with("AUTHLAB_REFRESH_KEYS cannot be used: the secret of key 1"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn one_secret_for_access_and_refresh_tokens_is_refused() {
        const ONE: &str = "0123456789abcdef0123456789abcdef";
        let (access, other) = (format!("1={ONE}"), format!("1={ONE}-another"));
        let with =
            |refresh: &str| told(&[("AUTHLAB_ACCESS_KEYS", &access), ("AUTHLAB_REFRESH_KEYS", refresh)]);
        assert!(with(&other).is_ok());
        for refresh in [access.clone(), format!("7={ONE}"), format!("2={ONE}-another,1={ONE}")] {
            let sentence = with(&refresh).unwrap_err();
            assert!(
                sentence.starts_with("AUTHLAB_ACCESS_KEYS and AUTHLAB_REFRESH_KEYS have a secret in common")
            );
            assert!(!sentence.contains(ONE), "{sentence}");
        }
    }
}
