//! Sends a learner's progress to the board: a nickname and the names of the steps that are done.
//!
//! The board is optional: the report is sent in the background, within a time limit, and if the board does not answer
//! or refuses the report, the learner only sees a sentence at the bottom of the screen.

use std::time::Duration;

use harness::Failure;
use kit::visible::excerpt;
use reqwest::{Client, Response, Url};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::nickname::Nickname;
use super::wall::Report;
use crate::words::Words;

/// How long the board may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// After how long a report that failed is sent again.
const AGAIN: Duration = Duration::from_secs(10);

/// The most bytes of a refusal's sentence that are read, and the most characters that are shown.
const SENTENCE_BYTES: usize = 1024;
const SENTENCE_CHARS: usize = 200;

/// What the board answered to the last report, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Accepted,
    /// It did not answer within the time limit, or it failed.
    Silent,
    /// It refused the report, with a sentence that says why. The report is not sent again.
    Refused(String),
}

impl Heard {
    /// A sentence for the learner, if the report is not on the board.
    pub(crate) fn trouble(&self, words: &Words) -> Option<String> {
        match self {
            Self::Accepted => None,
            Self::Silent => Some(words.board_does_not_answer.to_owned()),
            Self::Refused(sentence) => Some((words.board_refuses_because)(sentence)),
        }
    }
}

/// Sends reports to a board in the background. A report that is still unsent when this is dropped may never be sent.
pub(crate) struct Poster {
    steps: watch::Sender<Vec<String>>,
    heard: watch::Receiver<Heard>,
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
        let (tell, heard) = watch::channel(Heard::Accepted);
        let task = tokio::spawn(async move {
            while to_tell.changed().await.is_ok() {
                loop {
                    let steps = to_tell.borrow_and_update().clone();
                    let heard = tells(&client, &address, Report { nickname: nickname.clone(), steps }).await;
                    let is_final = heard != Heard::Silent;
                    tell.send_replace(heard);
                    if is_final {
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

    /// What the board answered to the last report.
    pub(crate) fn heard(&self) -> Heard {
        self.heard.borrow().clone()
    }

    /// Waits until the last report was sent, or the time limit passed. Returns what the board answered.
    pub(crate) async fn finish(self) -> Heard {
        let Self { steps, heard, task } = self;
        drop(steps);
        // A board that is too slow counts as one that did not accept the report.
        let told = tokio::time::timeout(PATIENCE + Duration::from_millis(500), task).await;
        match told {
            Ok(Ok(())) => heard.borrow().clone(),
            _ => Heard::Silent,
        }
    }
}

async fn tells(client: &Client, address: &Url, report: Report) -> Heard {
    match client.post(address.clone()).json(&report).send().await {
        Ok(answer) if answer.status().is_success() => Heard::Accepted,
        Ok(answer) if answer.status().is_client_error() => Heard::Refused(sentence(answer).await),
        _ => Heard::Silent,
    }
}

/// The text of a refusal, or its status if there is none. The board is another machine, so the text may contain anything.
async fn sentence(mut answer: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await
        && bytes.len() < SENTENCE_BYTES
    {
        bytes.extend(chunk);
    }
    let text = String::from_utf8_lossy(&bytes);
    match text.trim() {
        "" => answer.status().to_string(),
        text => excerpt(text, SENTENCE_CHARS),
    }
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
    use harness::language::Language;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::words::WORDS;

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
        assert_eq!(poster.finish().await, Heard::Silent);
    }

    /// What a learner hears from a board that answers every report like this.
    async fn heard_from(status: &str, body: &str) -> Heard {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer =
            format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _read = stream.read(&mut request).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        let poster = Poster::start(&url, "ann".parse().unwrap()).unwrap();
        poster.tell(vec!["token.hmac".into()]);
        poster.finish().await
    }

    #[tokio::test]
    async fn a_refusal_is_told_with_the_boards_sentence_made_safe_to_print() {
        assert_eq!(heard_from("204 No Content", "").await, Heard::Accepted);
        let refused = heard_from("429 Too Many Requests", "five \u{1b}[2Jnames\n").await;
        assert_eq!(refused, Heard::Refused("five \\u{1b}[2Jnames".into()));
        let words = Language::En.choose(&WORDS);
        assert_eq!(
            refused.trouble(words).as_deref(),
            Some("the board refuses the report: five \\u{1b}[2Jnames")
        );
        assert_eq!(Heard::Accepted.trouble(words), None);
    }
}
