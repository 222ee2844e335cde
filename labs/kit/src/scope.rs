//! Which sessions a logout ends.

/// The sessions that a logout ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// The presenting session.
    #[default]
    Local,
    /// All sessions of the account except the presenting one.
    Others,
    /// All sessions of the account.
    Global,
}

impl Scope {
    /// The name in requests and responses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Others => "others",
            Self::Global => "global",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_in_requests_are_those_of_the_contract() {
        let scopes = [Scope::Local, Scope::Others, Scope::Global];
        assert_eq!(scopes.map(Scope::as_str), ["local", "others", "global"]);
    }
}
