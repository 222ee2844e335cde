//! Searches every state of a world, in the order of the number of steps that lead to it.
//!
//! The search is breadth first, so the story of a counter-example is a shortest one. A hundred lines of search are
//! easier to read here than the vocabulary of a model checker. The search keeps whole states, where a checker keeps
//! 64-bit fingerprints of them, and adds no second tree of dependencies to the workspace.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// A world that can be searched.
pub(crate) trait World {
    type State: Copy + Eq + Hash;
    type Step: Copy;

    fn start(&self) -> Self::State;
    /// Every step that is possible in a state, with the state that it leads to.
    fn steps(&self, state: &Self::State) -> Vec<(Self::Step, Self::State)>;
    /// What is wrong with a state, if anything.
    fn wrong(&self, state: &Self::State) -> Option<String>;
    /// One state that represents all states that differ from it only by names.
    fn nameless(&self, state: Self::State) -> Self::State;
    /// A sentence that describes a step, given the state before and after it.
    fn told(&self, before: &Self::State, step: Self::Step, after: &Self::State) -> String;
}

/// The result of a search.
pub(crate) struct Searched {
    pub(crate) states: usize,
    /// The number of steps to the state that is furthest from the start.
    pub(crate) depth: usize,
    pub(crate) time: Duration,
    /// The shortest way to a state in which something is wrong, if there is one.
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

/// A state, and the step by which the search reached it.
struct Reached<S, T> {
    state: S,
    from: usize,
    by: Option<T>,
    depth: usize,
}

/// Searches until something is wrong or every state has been seen.
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

/// Describes the way to a state, walking it once more without renaming, so that tab 1 stays tab 1 throughout the story.
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
