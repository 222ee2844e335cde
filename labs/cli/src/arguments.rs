//! The commands. The arguments and the help of each command are in its own file.

use clap::{Parser, Subcommand};

use crate::accept::StoreCommand;
use crate::backup::BackupArguments;
use crate::check::CheckArguments;
use crate::designs::DesignsArguments;
use crate::doctor::DoctorArguments;
use crate::serve::ServeArguments;
use crate::token::TokenArguments;
use crate::tour::TourArguments;
use outages::FaultsArguments;
use playground::PlayArguments;
use runner::BenchArguments;
use runner::yardstick::YardstickArguments;
use workshop::board::BoardArguments;
use workshop::defend::DefendArguments;
use workshop::duel::DuelArguments;
use workshop::{
    LearnArguments, ProgressArguments, ResetArguments, SolutionArguments, VerifyCourseArguments,
    WorkshopArguments,
};

/// Sessions or JWT? What a thief can still do after logout, and what each costs
///
/// Without a command, this runs the tour: it starts a server of each design, plays the logout problem against it over
/// HTTP, measures what checking a credential costs, and writes target/authlab/tour.json. It takes less than a minute.
#[derive(Debug, Parser)]
#[command(name = "cargo lab", bin_name = "cargo lab", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) tour: TourArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(ServeArguments),
    Backup(BackupArguments),
    /// Accept a store that the servers refuse
    Store {
        /// What to do with the store
        #[command(subcommand)]
        command: StoreCommand,
    },
    Check(CheckArguments),
    /// Run only the checker's attacks; show what was tried and what got in
    Attack(CheckArguments),
    Bench(BenchArguments),
    Faults(FaultsArguments),
    #[command(hide = true)]
    Yardstick(YardstickArguments),
    Learn(LearnArguments),
    /// Like learn; without a terminal, run the checks again after every save
    Watch(LearnArguments),
    /// Show one more hint for the current step
    Hint(WorkshopArguments),
    Solution(SolutionArguments),
    Reset(ResetArguments),
    Progress(ProgressArguments),
    /// Write the lab's solution of the current step into the exercise, and go on
    Skip(WorkshopArguments),
    Defend(DefendArguments),
    Duel(DuelArguments),
    Board(BoardArguments),
    VerifyCourse(VerifyCourseArguments),
    Play(PlayArguments),
    Token(TokenArguments),
    Doctor(DoctorArguments),
    Designs(DesignsArguments),
    /// Print every name that a page of the book may use, as JSON
    #[command(hide = true)]
    Registry,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_check_wants_a_lab_or_a_url_and_not_both() {
        let parse = |line: &str| Arguments::try_parse_from(line.split(' '));
        assert!(parse("authlab check hybrid").is_ok());
        assert!(parse("authlab check --url http://127.0.0.1:1").is_ok());
        assert!(parse("authlab check").is_err());
        assert!(parse("authlab check hybrid --url http://127.0.0.1:1").is_err());
    }

    #[test]
    fn an_unknown_lab_or_store_is_a_usage_error() {
        let code = |line: &str| Arguments::try_parse_from(line.split(' ')).unwrap_err().exit_code();
        assert_eq!(code("authlab serve nothing-like-it"), 2);
        assert_eq!(code("authlab serve hybrid --store postgres://x"), 2);
    }
}
