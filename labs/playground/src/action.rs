//! The actions of a visitor. One action is performed in all three columns at once.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One button of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Action {
    SignIn,
    PersonTries,
    PersonRefreshes,
    ChangePassword,
    LogOut,
    LogOutEverywhere,
    Steal,
    ThiefTries,
    ThiefRefreshes,
    WaitMinute,
    WaitQuarter,
    WaitMonth,
    CutStore,
    MendStore,
}

impl Action {
    /// All actions, for the error response to an unknown name.
    pub(super) const ALL: [Self; 14] = [
        Self::SignIn,
        Self::PersonTries,
        Self::PersonRefreshes,
        Self::ChangePassword,
        Self::LogOut,
        Self::LogOutEverywhere,
        Self::Steal,
        Self::ThiefTries,
        Self::ThiefRefreshes,
        Self::WaitMinute,
        Self::WaitQuarter,
        Self::WaitMonth,
        Self::CutStore,
        Self::MendStore,
    ];

    /// The action with this name, as the page sends it: `log-out`.
    pub(super) fn named(name: &str) -> Option<Self> {
        serde_json::from_value(name.into()).ok()
    }

    /// How far the action moves the room's clock; `None` if it does not move it.
    pub(super) fn wait(self) -> Option<Duration> {
        const MINUTE: u64 = 60;
        let seconds = match self {
            Self::WaitMinute => MINUTE,
            Self::WaitQuarter => 15 * MINUTE,
            Self::WaitMonth => 30 * 24 * 60 * MINUTE,
            _ => return None,
        };
        Some(Duration::from_secs(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_found_by_its_own_name_and_nothing_by_another() {
        for action in Action::ALL {
            let name = serde_json::to_value(action).unwrap();
            assert_eq!(Action::named(name.as_str().unwrap()), Some(action));
        }
        for name in ["", "logout", "LogOut", "log-out ", "delete-everything"] {
            assert_eq!(Action::named(name), None, "{name:?}");
        }
    }

    #[test]
    fn three_actions_move_the_clock() {
        let waits: Vec<u64> =
            Action::ALL.iter().filter_map(|action| action.wait()).map(|wait| wait.as_secs()).collect();
        assert_eq!(waits, [60, 900, 2_592_000]);
    }
}
