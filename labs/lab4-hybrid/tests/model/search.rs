//! Every state that there is, in the order of how many steps lead there.
//!
//! Breadth first, so the story of a counter-example is a shortest one. A search of a hundred lines reads better here than
//! a model checker's vocabulary would, keeps whole states where a checker keeps 64-bit fingerprints of them, and brings no
//! second tree of dependencies into the workspace.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// What there is to search.
pub(crate) trait World {
    type State: Copy + Eq + Hash;
    type Step: Copy;

    fn start(&self) -> Self::State;
    /// Every step that may be taken from a state, and where it leads.
    fn steps(&self, state: &Self::State) -> Vec<(Self::Step, Self::State)>;
    /// What is wrong with a state.
    fn wrong(&self, state: &Self::State) -> Option<String>;
    /// The one state that stands for all that differ from it by names only.
    fn nameless(&self, state: Self::State) -> Self::State;
    /// A step as a sentence, told of the state before and the state after it.
    fn told(&self, before: &Self::State, step: Self::Step, after: &Self::State) -> String;
}

/// What a search came to.
pub(crate) struct Searched {
    pub(crate) states: usize,
    /// The steps of the longest shortest way.
    pub(crate) depth: usize,
    pub(crate) time: Duration,
    /// The shortest way to something that is wrong.
    pub(crate) story: Option<Story>,
}

pub(crate) struct Story {
    pub(crate) wrong: String,
    pub(crate) steps: Vec<String>,
}

impl Story {
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (number, step) in self.steps.iter().enumerate() {
            let _ = writeln!(text, "    {:>2}. {step}", number + 1);
        }
        let _ = writeln!(text, "    So: {}", self.wrong);
        text
    }
}

/// How a state was reached.
struct Reached<S, T> {
    state: S,
    from: usize,
    by: Option<T>,
    depth: usize,
}

/// Searches until something is wrong or everything has been seen.
pub(crate) fn search<W: World>(world: &W) -> Searched {
    let begin = Instant::now();
    let start = world.nameless(world.start());
    let mut reached = vec![Reached { state: start, from: 0, by: None, depth: 0 }];
    let mut known = HashSet::from([start]);
    let mut next = 0;
    while next < reached.len() {
        let (state, depth) = (reached[next].state, reached[next].depth);
        if let Some(wrong) = world.wrong(&state) {
            let story = Some(Story { wrong, steps: retold(world, &reached, next) });
            return Searched { states: reached.len(), depth, time: begin.elapsed(), story };
        }
        for (step, after) in world.steps(&state) {
            let after = world.nameless(after);
            if known.insert(after) {
                reached.push(Reached { state: after, from: next, by: Some(step), depth: depth + 1 });
            }
        }
        next += 1;
    }
    let depth = reached.last().map_or(0, |last| last.depth);
    Searched { states: reached.len(), depth, time: begin.elapsed(), story: None }
}

/// The way to a state, walked once more with the names left as they are: so that who was tab 1 stays tab 1.
fn retold<W: World>(world: &W, reached: &[Reached<W::State, W::Step>], last: usize) -> Vec<String> {
    let mut way = vec![last];
    while reached[way[way.len() - 1]].by.is_some() {
        way.push(reached[way[way.len() - 1]].from);
    }
    let mut named = world.start();
    let mut story = Vec::new();
    for place in way.iter().rev().skip(1) {
        let goal = reached[*place].state;
        let steps = world.steps(&named);
        let (step, after) = steps.into_iter().find(|(_, after)| world.nameless(*after) == goal).unwrap();
        story.push(world.told(&named, step, &after));
        named = after;
    }
    story
}
