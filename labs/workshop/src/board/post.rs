//! Sends a learner's progress to the board: a nickname and the names of the steps that are done.
//!
//! The board is optional: the report is sent in the background, within a time limit, and if the board does not answer,
//! the learner only sees one word at the bottom of the screen.

use std::time::Duration;

use harness::Failure;
use reqwest::{Client, Url};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::wall::{Nickname, Report};

/// How long the board may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// After how long a report that failed is sent again.
const AGAIN: Duration = Duration::from_secs(10);

/// Sends reports to a board in the background. A report that is still unsent when this is dropped may never be sent.
pub(crate) struct Poster {
    steps: watch::Sender<Vec<String>>,
    heard: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Poster {
    pub(crate) fn start(board: &str, nickname: Nickname) -> Result<Self, Failure> {
        let address = address(board)?;
        let client = Client::builder()
            .timeout(PATIENCE)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let (steps, mut to_tell) = watch::channel(Vec::new());
        let (tell, heard) = watch::channel(true);
        let task = tokio::spawn(async move {
            while to_tell.changed().await.is_ok() {
                loop {
                    let steps = to_tell.borrow_and_update().clone();
                    let heard = tells(&client, &address, Report { nickname: nickname.clone(), steps }).await;
                    tell.send_replace(heard);
                    if heard {
                        break;
                    }
                    tokio::select! {
                        more = to_tell.changed() => if more.is_err() { return },
                        () = tokio::time::sleep(AGAIN) => {}
                    }
                }
            }
        });
        Ok(Self { steps, heard, task })
    }

    /// Sends the names of the steps that are done now.
    pub(crate) fn tell(&self, steps: Vec<String>) {
        self.steps.send_replace(steps);
    }

    /// Whether the board accepted the last report, as far as is known.
    pub(crate) fn heard(&self) -> bool {
        *self.heard.borrow()
    }

    /// Waits until the last report was sent, or the time limit passed. Returns whether the board accepted it.
    pub(crate) async fn finish(self) -> bool {
        let Self { steps, heard, task } = self;
        drop(steps);
        // A board that is too slow counts as one that did not accept the report.
        let told = tokio::time::timeout(PATIENCE + Duration::from_millis(500), task).await;
        told.is_ok_and(|ended| ended.is_ok()) && *heard.borrow()
    }
}

async fn tells(client: &Client, address: &Url, report: Report) -> bool {
    let sent = client.post(address.clone()).json(&report).send().await;
    sent.is_ok_and(|answer| answer.status().is_success())
}

fn address(board: &str) -> Result<Url, Failure> {
    let no_board = || {
        Failure::new(format!(
            "`{board}` is not the address of a board; give one such as http://192.168.1.2:8090"
        ))
    };
    let url = Url::parse(board).or(Err(no_board()))?;
    if url.scheme() != "http" || !url.has_host() {
        return Err(no_board());
    }
    url.join("progress").or(Err(no_board()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_has_an_address_of_its_own() {
        assert_eq!(address("http://127.0.0.1:8090").unwrap().as_str(), "http://127.0.0.1:8090/progress");
        assert_eq!(address("http://127.0.0.1:8090/").unwrap().as_str(), "http://127.0.0.1:8090/progress");
        for none in ["127.0.0.1:8090", "https://127.0.0.1", "nonsense", "ftp://x"] {
            assert!(address(none).is_err(), "{none}");
        }
    }

    #[tokio::test]
    async fn a_board_that_is_not_there_holds_nobody_up() {
        // A port that was free a moment ago, so no server listens there.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let poster = Poster::start(&format!("http://127.0.0.1:{port}"), "ann".parse().unwrap()).unwrap();
        poster.tell(vec!["token.hmac".into()]);
        assert!(!poster.finish().await);
    }
}
