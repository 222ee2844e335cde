//! Counter-examples as text.

use super::Ending;
use super::state::{LogIn, State, Wrong};
use super::steps::Step;

pub(super) fn of_wrong(wrong: Wrong) -> String {
    match wrong {
        Wrong::LivesOn { device, after_failover } => {
            let when = if after_failover { ", and after a failover" } else { "" };
            format!("device {}'s session was ended{when} its refresh token works", name(device))
        }
        Wrong::OpenedInVain => "a login is answered with a session that has already ended".into(),
        Wrong::Harmed { device } => {
            format!("no request ended device {}'s session, and it has ended", name(device))
        }
    }
}

pub(super) fn told(ending: Ending, before: &State, step: Step, after: &State) -> String {
    let what = match ending {
        Ending::LogOut => "The logout of device A",
        Ending::LogOutOthers => "The logout of all but device C",
        Ending::LogOutEverywhere => "The logout everywhere",
        Ending::NewPassword => "The new password",
        Ending::Deletion => "The deletion",
    };
    match step {
        Step::WriteRow if after.row != before.row => {
            format!("{what} raises the row's epoch to {}.", after.row.epoch)
        }
        Step::WriteRow => format!("{what} begins."),
        Step::TellStore => format!("{what} reaches the store."),
        Step::DeleteRow => format!("{what} removes the row."),
        Step::Return => format!("{what} has returned: it is promised."),
        Step::Crash => format!("{what} goes no further: its server is down."),
        Step::RunAgain => format!("{what} reaches the store once more."),
        Step::CheckPassword => "Device B logs in, and its password fits.".into(),
        Step::OpenSession => {
            let LogIn::Checked { epoch, .. } = before.log_in else { return String::new() };
            let outcome = if after.store.sessions[super::B].is_some() { "opened" } else { "refused" };
            format!("Device B's session, under epoch {epoch}, is {outcome}.")
        }
        Step::ReadRow { device } => {
            format!(
                "Device {} refreshes; its server reads epoch {} from the row.",
                name(device),
                before.row.epoch
            )
        }
        Step::Show { device } => {
            let outcome = if after.store.sessions[device].is_some() { "is let in" } else { "is refused" };
            format!("Device {}'s token reaches the store and {outcome}.", name(device))
        }
        Step::ForgetEpoch => "The store forgets the epoch.".into(),
        Step::FailOver { lost: 1 } => "A failover loses the last write.".into(),
        Step::FailOver { lost } => format!("A failover loses the last {lost} writes."),
    }
}

fn name(device: usize) -> char {
    ['A', 'B', 'C'][device]
}
