//! The screen of `cargo lab learn` on a terminal: it runs the checks after every save, and has one key for each action.

use std::fs;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use console::{Key, Term};
use harness::Failure;
use harness::terminal::{self, BAD, DIM, TITLE};
use tokio::sync::{mpsc as heard, watch};
use tokio::task::JoinHandle;

use super::attack::{Battle, told};
use super::board::{Heard, Poster};
use super::card::{Round, shown};
use super::layout::{fitted, on_screen, wrapped};
use super::source;
use super::workshop::Workshop;

/// How often the file's time of change is read.
const LOOK: Duration = Duration::from_millis(150);

/// The state of the screen.
struct Live {
    workshop: Workshop,
    round: Option<Round>,
    battle: Option<Result<Battle, Failure>>,
    running: Option<Running>,
    said: Option<String>,
    shows: Shows,
    seen: Option<SystemTime>,
    poster: Option<Poster>,
    /// Rows and columns at the last drawing.
    size: (u16, u16),
}

/// A task in the background: a round of checks or an attack. Dropping it aborts the task.
struct Running {
    task: JoinHandle<News>,
    busy: watch::Receiver<String>,
}

/// The result of a background task.
enum News {
    Round(Round),
    Battle(Result<Battle, Failure>),
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the screen shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shows {
    Card,
    Solution,
    Battle,
    /// Asks whether to reset the lab.
    Question,
}

/// Runs until the learner quits.
pub(crate) async fn run(workshop: Workshop, poster: Option<Poster>) -> Result<(), Failure> {
    let mut live = Live {
        workshop,
        round: None,
        battle: None,
        running: None,
        said: None,
        shows: Shows::Card,
        seen: None,
        poster,
        size: Term::stdout().size(),
    };
    let mut keys = Keys::listen();
    let mut look = tokio::time::interval(LOOK);
    live.tell();
    live.start()?;
    loop {
        live.draw()?;
        tokio::select! {
            news = news(&mut live.running) => {
                if let Some(news) = news {
                    live.take(news)?;
                }
            }
            key = keys.next() => {
                if !live.press(key)? {
                    return Ok(());
                }
            }
            () = async { loop {
                look.tick().await;
                if live.seen != live.workshop.written_at() || live.size != Term::stdout().size() { return }
            }} => {
                live.size = Term::stdout().size();
                if live.seen != live.workshop.written_at() {
                    live.start()?;
                }
            }
        }
    }
}

impl Live {
    /// Sends the steps that are done to the board, if there is one.
    fn tell(&self) {
        if let Some(poster) = &self.poster {
            poster.tell(self.workshop.done());
        }
    }

    fn start(&mut self) -> Result<(), Failure> {
        let task = self.workshop.round(true)?;
        self.play(self.workshop.words().building, async move |said| News::Round(task.play(said).await));
        Ok(())
    }

    fn attack(&mut self) -> Result<(), Failure> {
        let task = self.workshop.attack(self.workshop.current()?.0, true);
        self.battle = None;
        self.shows = Shows::Battle;
        self.play(self.workshop.words().building_both, async move |said| {
            News::Battle(task.attack(said).await)
        });
        Ok(())
    }

    /// Starts a background task; a task that is still running is aborted.
    fn play<F, R>(&mut self, first: &str, work: F)
    where
        F: FnOnce(Box<dyn Fn(&str) + Send + Sync>) -> R,
        R: Future<Output = News> + Send + 'static,
    {
        self.seen = self.workshop.written_at();
        let (say, busy) = watch::channel(first.to_owned());
        let said = move |line: &str| {
            // Sending fails once the learner has quit; that is no fault.
            let _quit = say.send(line.to_owned());
        };
        self.running = Some(Running { task: tokio::spawn(work(Box::new(said))), busy });
    }

    fn take(&mut self, news: News) -> Result<(), Failure> {
        self.running = None;
        match news {
            News::Round(round) => {
                self.workshop.note(&round)?;
                self.round = Some(round);
                self.tell();
            }
            News::Battle(battle) => {
                if let Ok(battle) = &battle {
                    let lab = self.workshop.current()?.0.id.clone();
                    self.workshop.note_battle(&lab, battle)?;
                }
                self.battle = Some(battle);
            }
        }
        Ok(())
    }

    /// Forgets the last round and judges the step to which the learner moved.
    fn moved(&mut self) -> Result<(), Failure> {
        self.round = None;
        self.start()
    }

    /// Handles a key. Returns `false` if the learner quits.
    fn press(&mut self, key: Key) -> Result<bool, Failure> {
        let shows = std::mem::replace(&mut self.shows, Shows::Card);
        self.said = None;
        match (shows, key) {
            (_, Key::Char('q') | Key::Unknown) => return Ok(false),
            (Shows::Question, Key::Char('y')) => {
                let kept = self.workshop.reset(None)?;
                self.said = Some(self.workshop.told(&kept));
                self.moved()?;
            }
            (Shows::Solution, Key::Char('a')) => {
                let kept: Vec<PathBuf> = self.workshop.apply_solution()?.into_iter().collect();
                self.said = Some(self.workshop.told(&kept));
            }
            (_, Key::Char('h')) => {
                self.workshop.hint()?;
            }
            (Shows::Card | Shows::Battle, Key::Char('a')) => self.attack()?,
            // A learner who leaves the attack while it runs wants to see the checks again.
            (Shows::Battle, _) if self.battle.is_none() => self.start()?,
            (Shows::Card, Key::Char('s')) => self.shows = Shows::Solution,
            (_, Key::Char('r')) => self.shows = Shows::Question,
            (_, Key::Char('n')) => {
                self.workshop.move_by(1)?;
                self.moved()?;
            }
            (_, Key::Char('b')) => {
                self.workshop.move_by(-1)?;
                self.moved()?;
            }
            (Shows::Card, Key::Enter) => self.start()?,
            _ => {}
        }
        Ok(true)
    }

    fn draw(&self) -> Result<(), Failure> {
        let (rows, columns) = (usize::from(self.size.0.max(10)), usize::from(self.size.1.clamp(20, 110)));
        let lines = match self.shows {
            Shows::Solution => self.solution(rows)?,
            Shows::Battle => self.battle(columns, rows)?,
            _ => self.card(columns, rows)?,
        };
        harness::out!("{}", on_screen(&lines, usize::from(self.size.1), terminal::stdout_has_colour()));
        std::io::Write::flush(&mut std::io::stdout())?;
        Ok(())
    }

    fn card(&self, columns: usize, rows: usize) -> Result<Vec<String>, Failure> {
        let busy = self.running.as_ref().map(|running| running.busy.borrow().clone());
        let words = self.workshop.words();
        let heard = self.poster.as_ref().map(Poster::heard);
        let refusal = match &heard {
            Some(refused @ Heard::Refused(_)) => refused.trouble(words),
            _ => None,
        };
        let said = match self.shows {
            Shows::Question => Some(words.restore_starters),
            _ => self.said.as_deref().or(refusal.as_deref()),
        };
        let mut view = self.workshop.view(self.round.as_ref(), busy.as_deref(), said, true)?;
        view.board_is_silent = heard == Some(Heard::Silent);
        Ok(view.card(columns, Some(rows - 1)))
    }

    fn battle(&self, columns: usize, rows: usize) -> Result<Vec<String>, Failure> {
        let (lab, _) = self.workshop.current()?;
        let (language, words) = (self.workshop.language, self.workshop.words());
        let mut lines = match &self.battle {
            Some(Ok(battle)) => fitted(Some(rows - 3), |limit| {
                told::lines(battle, lab, &self.workshop.course.root, language, columns, limit)
            }),
            Some(Err(failure)) => wrapped(&failure.to_string(), "  ", "  ", columns, BAD, rows - 3),
            None => {
                let story = language.choose(&lab.attack.story);
                let mut lines = vec![format!(" {TITLE}{}{TITLE:#}", words.attack_and_defend), String::new()];
                lines.extend(wrapped(story, "  ", "  ", columns, anstyle::Style::new(), rows - 6));
                let busy = self.running.as_ref().map(|running| running.busy.borrow().clone());
                lines.push(String::new());
                lines.push(format!("  {DIM}… {}{DIM:#}", busy.unwrap_or_default()));
                lines
            }
        };
        lines.push(String::new());
        lines.push(format!(" {DIM}{}{DIM:#}", words.battle_keys));
        Ok(lines)
    }

    fn solution(&self, rows: usize) -> Result<Vec<String>, Failure> {
        let (lab, step) = self.workshop.current()?;
        let words = self.workshop.words();
        let from = shown(&lab.reference(&step.file), &self.workshop.course.root);
        let mut lines = vec![format!(" {TITLE}{from}{TITLE:#}"), String::new()];
        for function in source::solution(lab, step)? {
            lines.extend(function.lines().map(|line| format!(" {line}")));
            lines.push(String::new());
        }
        let room = rows.saturating_sub(3);
        if lines.len() > room {
            lines.truncate(room);
            lines.push(format!(" {DIM}{}{DIM:#}", words.more_solution));
        }
        lines.push(format!(" {}", words.solution_keys));
        Ok(lines)
    }
}

impl Workshop {
    /// Waits until a file of the current lab is written.
    pub(crate) async fn wait_for_a_save(&self) {
        let seen = self.written_at();
        let mut look = tokio::time::interval(LOOK);
        while self.written_at() == seen {
            look.tick().await;
        }
    }

    /// When a file of the current lab was last written.
    fn written_at(&self) -> Option<SystemTime> {
        let (lab, _) = self.current().ok()?;
        let times = lab
            .files()
            .into_iter()
            .map(|file| fs::metadata(lab.exercise(file)).and_then(|data| data.modified()));
        times.filter_map(Result::ok).max()
    }
}

/// The result of the background task once it has ended; `None` when it reports progress, so that the screen is redrawn.
async fn news(running: &mut Option<Running>) -> Option<News> {
    let Some(Running { task, busy }) = running else { return std::future::pending().await };
    tokio::select! {
        news = task => Some(news.unwrap_or_else(|broken| News::Round(Round::Impossible(broken.to_string())))),
        Ok(()) = busy.changed() => None,
    }
}

/// The keyboard. A thread reads a key only when `next` asks for one, so no read holds the terminal when
/// the program ends.
struct Keys {
    ask: mpsc::Sender<()>,
    heard: heard::UnboundedReceiver<Key>,
    asked: bool,
}

impl Keys {
    fn listen() -> Self {
        let (ask, asked) = mpsc::channel();
        let (tell, heard) = heard::unbounded_channel();
        std::thread::spawn(move || {
            while asked.recv().is_ok() {
                // If the terminal is gone, reading fails, and `Unknown` ends the screen.
                if tell.send(Term::stdout().read_key().unwrap_or(Key::Unknown)).is_err() {
                    return;
                }
            }
        });
        Self { ask, heard, asked: false }
    }

    async fn next(&mut self) -> Key {
        if !self.asked {
            self.asked = self.ask.send(()).is_ok();
        }
        let key = self.heard.recv().await.unwrap_or(Key::Unknown);
        self.asked = false;
        key
    }
}
