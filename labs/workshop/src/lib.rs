//! The workshop: `cargo lab learn` and the commands that belong to it.
//!
//! An exercise is a package beside its lab. It takes every module from the lab itself, except the one that the learner
//! writes. `course` reads `lab.toml`, which describes a lab; `source` makes the starter out of the lab's own
//! source; `build` and `judge` run after an edit; `card` shows the result, once or `live`; `attack` plays an
//! attack, first on a weak build; `keep` makes sure that no code of the learner is lost.

mod attack;
pub mod board;
mod build;
mod card;
mod cargo_output;
mod completion;
mod course;
pub mod defend;
pub mod duel;
mod judge;
mod keep;
mod layout;
mod line_endings;
mod live;
mod progress;
mod prove;
pub mod ready;
mod source;
mod words;
mod workshop;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use harness::Failure;
use harness::language::Language;
use harness::terminal::{self, BAD, DIM, GOOD, TITLE};

use self::board::{Nickname, Poster};
use self::card::{Round, shown};
use self::layout::wrapped;
use self::workshop::Workshop;

/// The width, in columns, of output that is printed once (`cargo lab learn` without a terminal, hints, progress).
const COLUMNS: usize = 80;

/// What every command of the workshop takes.
#[derive(Debug, Args)]
pub struct WorkshopArguments {
    /// The language [default: from LANG]
    #[arg(long, value_enum)]
    lang: Option<Language>,
    /// Where exercises are built [default: target/learn]
    #[arg(long, value_name = "FOLDER", hide = true)]
    target_dir: Option<PathBuf>,
}

/// The workshop: show the next step, and run its checks after every save
///
/// Each lab has an exercise beside it: the lab's own source, with a few functions left out. The checks are those of `cargo
/// lab check`; they show what was sent, what was expected, and what an attacker gains. Progress is stored in .authlab,
/// which git ignores. Without a terminal, the checks run once, and the exit code is 0 if the step is done.
#[derive(Debug, Args)]
pub struct LearnArguments {
    /// The lab or step to go to, such as `session` or `session.issue`
    #[arg(value_name = "STEP")]
    step: Option<String>,
    /// Show on the room's board (`cargo lab board`) which steps are done; only their names and --nickname are sent
    #[arg(long, value_name = "URL", requires = "nickname")]
    board: Option<String>,
    /// The name on the board
    #[arg(long, value_name = "NAME", requires = "board")]
    nickname: Option<Nickname>,
    #[command(flatten)]
    workshop: WorkshopArguments,
}

/// Show how the lab itself implements the current step
#[derive(Debug, Args)]
pub struct SolutionArguments {
    /// Write the solution into the exercise; your code is kept in a file beside it
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    workshop: WorkshopArguments,
}

/// Restore the starters of a lab; your code is kept in files beside them
#[derive(Debug, Args)]
pub struct ResetArguments {
    /// The lab [default: the one of the current step]
    #[arg(value_name = "LAB")]
    lab: Option<String>,
    #[command(flatten)]
    workshop: WorkshopArguments,
}

/// Show which steps are done
#[derive(Debug, Args)]
pub struct ProgressArguments {
    /// Read a completion code, which `cargo lab progress` prints when all labs are done; `-` reads it from stdin
    #[arg(long, value_name = "CODE", allow_hyphen_values = true)]
    verify: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workshop: WorkshopArguments,
}

/// Test the workshop: starters fail their checks, solutions pass, no code is lost
#[derive(Debug, Args)]
pub struct VerifyCourseArguments {
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Where exercises are built [default: target/learn]
    #[arg(long, value_name = "FOLDER")]
    target_dir: Option<PathBuf>,
}

/// Runs the proofs of the workshop: `cargo lab verify-course`.
///
/// # Errors
/// The course cannot be read, or a proof cannot be run at all. A proof that fails is no error: it is the exit code.
pub async fn verify_course(arguments: VerifyCourseArguments) -> Result<ExitCode, Failure> {
    prove::run(arguments.target_dir, arguments.json).await
}

impl WorkshopArguments {
    fn open(self) -> Result<Workshop, Failure> {
        Workshop::open(self.lang, self.target_dir)
    }
}

/// `cargo lab learn`: shows the current step on a screen that is redrawn after every save. Without a terminal that can be
/// redrawn, it judges the step once, prints the result, and repeats after every save if `again` is set.
///
/// ```no_run
/// use clap::Parser;
/// use workshop::LearnArguments;
///
/// #[derive(Parser)]
/// struct Line {
///     #[command(flatten)]
///     arguments: LearnArguments,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), harness::Failure> {
/// let line = Line::parse_from(["learn", "session.issue"]);
/// let code = workshop::learn(line.arguments, false).await?;
/// # let _ = code;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The course, a lab's files or the progress file cannot be read or written, there is no such step or lab, cargo cannot
/// build the exercise for another reason than its source, its program does not start, or the board's address is invalid.
pub async fn learn(arguments: LearnArguments, again: bool) -> Result<ExitCode, Failure> {
    let mut workshop = arguments.workshop.open()?;
    if let Some(step) = &arguments.step {
        workshop.go_to(step)?;
    }
    let poster = match (arguments.board, arguments.nickname) {
        (Some(board), Some(nickname)) => Some(Poster::start(&board, nickname)?),
        _ => None,
    };
    if std::io::stdout().is_terminal() && std::io::stdin().is_terminal() && terminal::moves_cursor() {
        live::run(workshop, poster).await?;
        harness::outln!();
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        let passed = match once(&mut workshop).await {
            // The cause may be gone at the next save.
            Err(failure) if again => {
                terminal::complain(&failure.to_string());
                false
            }
            judged => judged?,
        };
        if let Some(poster) = &poster {
            poster.tell(workshop.done());
        }
        if !again {
            // The card is already printed, so waiting for the board's answer delays nothing else.
            if let Some(poster) = poster
                && let Some(trouble) = poster.finish().await.trouble(workshop.words())
            {
                terminal::warn(&trouble);
            }
            return Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        workshop.wait_for_a_save().await;
        harness::outln!();
    }
}

/// Builds and judges the current step once and prints its card. Returns whether all checks of the step pass; it is an
/// error if the exercise could be neither judged nor compiled.
async fn once(workshop: &mut Workshop) -> Result<bool, Failure> {
    let progress = terminal::Progress::new(1);
    progress.stage(workshop.words().building_first);
    let task = workshop.round(terminal::stdout_has_colour())?;
    let round = task.play(|line| progress.detail(line)).await;
    drop(progress);
    if let Round::Impossible(why) = round {
        return Err(Failure::new(why));
    }
    let noted = workshop.note(&round);
    for line in workshop.view(Some(&round), None, None, false)?.card(COLUMNS, None) {
        harness::outln!("{line}");
    }
    // The card is worth printing even if the progress cannot be stored.
    noted?;
    Ok(matches!(&round, Round::Judged(findings) if findings.iter().all(judge::Finding::passed)))
}

/// `cargo lab hint`: reveals one more hint of the current step and prints all hints revealed so far.
///
/// # Errors
/// The course or the progress file cannot be read, or the progress file cannot be written.
pub fn hint(arguments: WorkshopArguments) -> Result<ExitCode, Failure> {
    let mut workshop = arguments.open()?;
    let shown = workshop.hint()?;
    let (_, step) = workshop.current()?;
    for (at, hint) in step.hints.iter().take(shown).enumerate() {
        let label = format!(" {}/{}  ", at + 1, step.hints.len());
        let hint = workshop.language.choose(hint);
        for line in wrapped(hint, &label, "      ", COLUMNS, anstyle::Style::new(), usize::MAX) {
            harness::outln!("{line}");
        }
    }
    let words = workshop.words();
    let next = if shown < step.hints.len() { words.next_hint } else { words.next_solution };
    harness::outln!("\n {DIM}{next}{DIM:#}");
    Ok(ExitCode::SUCCESS)
}

/// `cargo lab solution`: prints the lab's own functions for the current step, or writes them into the exercise.
///
/// # Errors
/// The course or the progress file cannot be read, the exercise's file lacks the marks around its functions, or a file
/// cannot be written.
pub fn solution(arguments: SolutionArguments) -> Result<ExitCode, Failure> {
    let mut workshop = arguments.workshop.open()?;
    if arguments.apply {
        let kept: Vec<PathBuf> = workshop.apply_solution()?.into_iter().collect();
        harness::outln!("{}", workshop.told(&kept));
        return Ok(ExitCode::SUCCESS);
    }
    let (lab, step) = workshop.current()?;
    harness::outln!("{TITLE}{}{TITLE:#}\n", shown(&lab.reference(&step.file), &workshop.course.root));
    for function in source::solution(lab, step)? {
        harness::outln!("{function}");
    }
    harness::outln!("{DIM}{}{DIM:#}", workshop.words().next_apply);
    Ok(ExitCode::SUCCESS)
}

/// `cargo lab reset`: writes the starters of a lab back into its exercise.
///
/// # Errors
/// There is no such lab, or a file cannot be read or written.
pub fn reset(arguments: ResetArguments) -> Result<ExitCode, Failure> {
    let mut workshop = arguments.workshop.open()?;
    let kept = workshop.reset(arguments.lab.as_deref())?;
    harness::outln!("{}", workshop.told(&kept));
    Ok(ExitCode::SUCCESS)
}

/// `cargo lab skip`: replaces the functions of the current step by the lab's own, notes the step as skipped, and moves
/// to the next step.
///
/// # Errors
/// The exercise's file lacks the marks around its functions, or a file cannot be read or written.
pub fn skip(arguments: WorkshopArguments) -> Result<ExitCode, Failure> {
    let mut workshop = arguments.open()?;
    let kept: Vec<PathBuf> = workshop.skip()?.into_iter().collect();
    harness::outln!("{}", workshop.told(&kept));
    let (_, step) = workshop.current()?;
    harness::outln!("{} {} ({})", workshop.words().next, workshop.language.choose(&step.title), step.id);
    Ok(ExitCode::SUCCESS)
}

/// `cargo lab progress`: prints which steps are done, or reads a completion code.
///
/// # Errors
/// The course or the progress file cannot be read, or the completion code is invalid.
pub fn progress(arguments: ProgressArguments) -> Result<ExitCode, Failure> {
    let workshop = arguments.workshop.open()?;
    let (language, words, progress) = (workshop.language, workshop.words(), &workshop.progress);
    if let Some(code) = &arguments.verify {
        return completion::verify(code, &workshop.course, words, arguments.json);
    }
    if arguments.json {
        let steps: Vec<_> = workshop
            .course
            .steps()
            .map(|(lab, step)| {
                let record = progress.of(step);
                serde_json::json!({
                    "lab": lab.id, "step": step.id, "passed_at_ms": record.passed_at_ms, "skipped": record.skipped,
                    "hints": record.hints,
                })
            })
            .collect();
        harness::outln!("{}", serde_json::to_string_pretty(&steps)?);
        return Ok(ExitCode::SUCCESS);
    }
    let (_, current) = workshop.current()?;
    for (at, lab) in workshop.course.labs.iter().enumerate() {
        let (done, of) = (progress.done(&lab.steps), lab.steps.len());
        let style = if done == of { GOOD } else { TITLE };
        harness::outln!("{style}{} {}{style:#} {DIM}{done}/{of}{DIM:#}", at + 1, language.choose(&lab.title));
        let goal = language.choose(&lab.goal);
        for line in wrapped(goal, "  ", "  ", COLUMNS, DIM, usize::MAX) {
            harness::outln!("{line}");
        }
        for step in &lab.steps {
            let record = progress.of(step);
            let mark = match record {
                record if record.passed_at_ms.is_some() => format!("{GOOD}✓{GOOD:#}"),
                record if record.skipped => format!("{BAD}»{BAD:#}"),
                _ if step.id == current.id => "→".to_owned(),
                _ => "·".to_owned(),
            };
            let title = language.choose(&step.title);
            harness::outln!("  {mark} {title} {DIM}{}{DIM:#}", step.id);
        }
        if done == of {
            let (mark, told) = match progress.defended_at_ms(lab) {
                Some(_) => (format!("{GOOD}✓{GOOD:#}"), words.attack_is_kept_out),
                None => ("·".to_owned(), words.the_attack),
            };
            harness::outln!("  {mark} {told} {DIM}cargo lab defend {}{DIM:#}", lab.id);
        }
    }
    match completion::summary(&workshop.course, progress, kit::Clock::system().now_s()) {
        Some(summary) => {
            harness::outln!();
            summary.print(&workshop.course, words);
        }
        None => harness::outln!("\n{DIM}{}{DIM:#}", words.next_learn),
    }
    Ok(ExitCode::SUCCESS)
}
