//! Sequence diagrams as SVG, drawn while the book is built:
//!
//! ```text
//! Log in, with a session
//! B=Browser | S=Server | R=Store
//! B->S: POST /auth/login
//! S-->B: 200
//! S: checks the password
//! == fifteen minutes later
//! ```
//!
//! The diagram is as wide as a phone, labels may cross the vertical lines of the actors, and all colours are the page's
//! own, so one picture can be read on paper, in dark mode and on a small screen. The description for a screen reader
//! lists the diagram's lines.

mod label;

use anyhow::{Context, bail};
use maud::{Markup, html};
use mdbook_preprocessor::errors::Result;

use label::{width, wrapped};

const WIDTH: f64 = 400.0;
const EDGE: f64 = 52.0;
const ACTOR_HEIGHT: f64 = 28.0;
const LINE: f64 = 17.0;
/// The widest line of a label, in the units of the picture.
const LABEL: f64 = 290.0;

/// One line of the diagram.
#[derive(Debug, PartialEq)]
enum Step<'a> {
    Message { from: usize, to: usize, answer: bool, label: &'a str },
    Note { at: usize, label: &'a str },
    Later { label: &'a str },
}

struct Diagram<'a> {
    title: &'a str,
    actors: Vec<(&'a str, &'a str)>,
    steps: Vec<Step<'a>>,
}

/// The parts of a diagram that must be equal in both languages: everything but the words.
pub(crate) fn skeleton(text: &str) -> Vec<String> {
    let without_words = |line: &str| match line.split_once('=').filter(|_| line.contains('|')) {
        Some(_) => line.split('|').map(|actor| actor.split('=').next().unwrap_or_default().trim()).collect(),
        None => line.split([':', ' ']).next().unwrap_or_default().to_owned(),
    };
    text.lines().skip(1).filter(|line| !line.trim().is_empty()).map(without_words).collect()
}

pub(super) fn draw(text: &str) -> Result<String> {
    let diagram = Diagram::read(text)?;
    let mut picture = Picture { parts: Vec::new(), y: ACTOR_HEIGHT + 8.0, xs: diagram.xs() };
    for step in &diagram.steps {
        picture.step(step);
    }
    let height = picture.y + 12.0;
    let figure = html! {
        figure.sequence {
            svg viewBox={ "0 0 " (WIDTH) " " (height) } role="img" {
                title { (diagram.title) }
                desc { (diagram.told()) }
                @for (x, (_, name)) in picture.xs.iter().zip(&diagram.actors) {
                    line.life x1=(x) y1=(ACTOR_HEIGHT) x2=(x) y2=(height) {}
                    rect.actor x=(x - 48.0) y="1" width="96" height=(ACTOR_HEIGHT - 1.0) rx="5" {}
                    text.name x=(x) y="19" { (name) }
                }
                @for part in &picture.parts { (part) }
            }
            figcaption { (diagram.title) }
        }
    };
    Ok(figure.into_string() + "\n")
}

impl<'a> Diagram<'a> {
    fn read(text: &'a str) -> Result<Self> {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let title = lines.next().context("there is no title")?;
        let actor = |actor: &'a str| actor.split_once('=').map(|(key, name)| (key.trim(), name.trim()));
        let actors: Option<Vec<_>> =
            lines.next().context("there are no actors")?.split('|').map(actor).collect();
        let actors = actors.context("actors are `A=Name | B=Name`")?;
        let mut diagram = Self { title, actors, steps: Vec::new() };
        for line in lines {
            let step = diagram.step(line).with_context(|| format!("`{line}`"))?;
            diagram.steps.push(step);
        }
        Ok(diagram)
    }

    fn step(&self, line: &'a str) -> Result<Step<'a>> {
        if let Some(label) = line.strip_prefix("==") {
            return Ok(Step::Later { label: label.trim() });
        }
        let (who, label) = line.split_once(':').context("a step is `A->B: words`")?;
        let label = label.trim();
        let Some((from, to)) = who.split_once("->") else {
            return Ok(Step::Note { at: self.actor(who)?, label });
        };
        let answer = from.ends_with('-');
        let (from, to) = (self.actor(from.trim_end_matches('-'))?, self.actor(to)?);
        if from == to {
            bail!("a message needs two different actors; a note is `A: words`");
        }
        Ok(Step::Message { from, to, answer, label })
    }

    fn actor(&self, key: &str) -> Result<usize> {
        let found = self.actors.iter().position(|(known, _)| *known == key.trim());
        found.with_context(|| format!("there is no actor {key}"))
    }

    fn xs(&self) -> Vec<f64> {
        let gaps = self.actors.len().saturating_sub(1).max(1);
        let step = (WIDTH - 2.0 * EDGE) / f64::from(u32::try_from(gaps).unwrap_or(u32::MAX));
        std::iter::successors(Some(EDGE), |x| Some(x + step)).take(self.actors.len()).collect()
    }

    /// The diagram as text, for its description.
    fn told(&self) -> String {
        let name = |at: usize| self.actors[at].1;
        let told = |step: &Step<'_>| match *step {
            Step::Message { from, to, label, .. } => format!("{} → {}: {label}", name(from), name(to)),
            Step::Note { at, label } => format!("{}: {label}", name(at)),
            Step::Later { label } => label.to_owned(),
        };
        self.steps.iter().map(told).collect::<Vec<_>>().join("; ")
    }
}

struct Picture {
    parts: Vec<Markup>,
    y: f64,
    xs: Vec<f64>,
}

impl Picture {
    fn step(&mut self, step: &Step<'_>) {
        match *step {
            Step::Message { from, to, answer, label } => {
                let (start, end) = (self.xs[from], self.xs[to]);
                self.label(label, f64::midpoint(start, end), "label");
                let back = if end > start { -1.0 } else { 1.0 };
                let (y, tip, class) = (self.y + 7.0, end + back, if answer { "answer" } else { "call" });
                let (wing, up, down) = (tip + 8.0 * back, y - 4.0, y + 4.0);
                self.parts.push(html! {
                    line class=(class) x1=(start) y1=(y) x2=(tip) y2=(y) {}
                    polygon.head points=(format!("{tip},{y} {wing},{up} {wing},{down}")) {}
                });
                self.y += 9.0;
            }
            Step::Note { at, label } => {
                self.y += 4.0;
                let lines = wrapped(label, LABEL - 40.0);
                let width = widest(&lines) + 16.0;
                let x = inside(self.xs[at], width);
                let height = LINE * count(&lines) + 8.0;
                self.parts.push(html! {
                    rect.note x=(x - width / 2.0) y=(self.y) width=(width) height=(height) rx="3" {}
                });
                self.label_lines(&lines, x, "words");
                self.y += 10.0;
            }
            Step::Later { label } => {
                self.y += 8.0;
                self.parts.push(html! {
                    rect.later x="0" y=(self.y) width=(WIDTH) height=(LINE + 6.0) {}
                });
                self.label_lines(&[label.to_owned()], WIDTH / 2.0, "words");
                self.y += 8.0;
            }
        }
    }

    fn label(&mut self, label: &str, x: f64, class: &str) {
        let lines = wrapped(label, LABEL);
        self.y += 4.0;
        self.label_lines(&lines, inside(x, widest(&lines)), class);
    }

    fn label_lines(&mut self, lines: &[String], x: f64, class: &str) {
        for line in lines {
            self.y += LINE;
            self.parts.push(html! { text class=(class) x=(x) y=(self.y) { (line) } });
        }
    }
}

fn widest(lines: &[String]) -> f64 {
    lines.iter().map(|line| width(line)).fold(0.0, f64::max)
}

/// The horizontal centre, moved so that a part of this width stays inside the picture.
fn inside(x: f64, width: f64) -> f64 {
    let half = width / 2.0 + 3.0;
    if half * 2.0 >= WIDTH { WIDTH / 2.0 } else { x.clamp(half, WIDTH - half) }
}

fn count(lines: &[String]) -> f64 {
    f64::from(u32::try_from(lines.len()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "Log in\nB=Browser | S=Server\nB->S: POST <password>\nS: checks it\nS-->B: 200\n== later\n";

    #[test]
    fn a_diagram_has_a_title_a_description_and_no_blank_line() {
        let svg = draw(TEXT).unwrap();
        assert!(svg.contains("<title>Log in</title>"), "{svg}");
        let told = "<desc>Browser → Server: POST &lt;password&gt;; Server: checks it; Server → Browser: 200; later</desc>";
        assert!(svg.contains(told), "{svg}");
        assert!(svg.contains("class=\"answer\"") && !svg.contains("\n\n"), "{svg}");
    }

    #[test]
    fn the_skeleton_leaves_the_words_out() {
        let japanese = "ログイン\nB=ブラウザー | S=サーバー\nB->S: 送信\nS: 確認\nS-->B: 200\n== 後で\n";
        assert_eq!(skeleton(TEXT), ["BS", "B->S", "S", "S-->B", "=="]);
        assert_eq!(skeleton(TEXT), skeleton(japanese));
    }

    #[test]
    fn a_step_of_an_unknown_actor_is_refused() {
        let error = draw("T\nA=a | B=b\nA->C: x\n").unwrap_err();
        assert_eq!(format!("{error:#}"), "`A->C: x`: there is no actor C");
    }
}
