//! Makes starters: a starter is its lab's own source with some function bodies left out, so the two cannot drift apart.
//!
//! A part is one function between `// ANCHOR: name` and `// ANCHOR_END: name`, the same marks by which the book includes it.

use std::path::Path;

use harness::Failure;

use super::course::{Lab, Step};
use super::line_endings;

/// The initial contents of an exercise's file.
pub(crate) fn starter(lab: &Lab, file: &Path) -> Result<String, Failure> {
    let mut text = without_tests(&reference(lab, file)?);
    for part in lab.steps.iter().filter(|step| step.file == file).flat_map(|step| &step.parts) {
        text = with_part(lab, file, &text, &part.anchor, &part.starter)?;
    }
    Ok(text)
}

/// A file of a lab in which some functions are replaced by the weak ones that let its attack succeed.
pub(crate) fn weakened(lab: &Lab, file: &Path) -> Result<String, Failure> {
    let mut text = without_tests(&reference(lab, file)?);
    for part in lab.attack.weak.iter().filter(|part| part.file == file) {
        text = with_part(lab, file, &text, &part.anchor, &part.body)?;
    }
    Ok(text)
}

/// The text in which the function at `anchor` has `body` instead of its own body.
fn with_part(lab: &Lab, file: &Path, text: &str, anchor: &str, body: &str) -> Result<String, Failure> {
    let written = part_of(text, anchor).ok_or_else(|| no_part(lab, file, anchor))?;
    let other = with_body(written, body)
        .ok_or_else(|| Failure::new(format!("`{anchor}` in {} is not a function", file.display())))?;
    Ok(text.replacen(written, &other, 1))
}

/// The source text of a step's functions as the lab has them.
pub(crate) fn solution(lab: &Lab, step: &Step) -> Result<Vec<String>, Failure> {
    let text = reference(lab, &step.file)?;
    let part = |anchor: &str| {
        part_of(&text, anchor).map(str::to_owned).ok_or_else(|| no_part(lab, &step.file, anchor))
    };
    step.parts.iter().map(|part_of_step| part(&part_of_step.anchor)).collect()
}

/// The learner's text in which the functions of a step are replaced by the lab's own.
pub(crate) fn solved(lab: &Lab, step: &Step, text: &str) -> Result<String, Failure> {
    let mut text = text.to_owned();
    for (part, right) in step.parts.iter().zip(solution(lab, step)?) {
        let Some(written) = part_of(&text, &part.anchor) else {
            return Err(Failure::new(format!(
                "the marks `// ANCHOR: {0}` and `// ANCHOR_END: {0}` are missing in {1}; `cargo lab reset` restores the \
                 starter and keeps your code",
                part.anchor,
                step.file.display()
            )));
        };
        text = text.replacen(written, &right, 1);
    }
    Ok(text)
}

/// The line, counted from 1, of the step's first function that is not written yet; if all are written, of its first
/// function.
pub(crate) fn line_to_write(step: &Step, text: &str) -> Option<usize> {
    let start = |anchor: &str| {
        let part = part_of(text, anchor)?;
        let at = text.find(part)?;
        let inside = part.find("todo!(");
        Some((
            text[..at + inside.unwrap_or(0)].lines().count() + usize::from(inside.is_none()),
            inside.is_some(),
        ))
    };
    let found: Vec<(usize, bool)> = step.parts.iter().filter_map(|part| start(&part.anchor)).collect();
    found.iter().find(|(_, unwritten)| *unwritten).or(found.first()).map(|(line, _)| *line)
}

fn reference(lab: &Lab, file: &Path) -> Result<String, Failure> {
    line_endings::read(&lab.reference(file))
}

fn no_part(lab: &Lab, file: &Path, anchor: &str) -> Failure {
    Failure::new(format!("{} has no `// ANCHOR: {anchor}`", lab.reference(file).display()))
}

/// The text between the two marks of an anchor.
fn part_of<'a>(text: &'a str, anchor: &str) -> Option<&'a str> {
    let (start, end) = (format!("// ANCHOR: {anchor}\n"), format!("// ANCHOR_END: {anchor}\n"));
    let from = text.find(&start)? + start.len();
    let to = from + text[from..].find(&end)?;
    // The end mark may be indented, so the part ends at the start of its line.
    let to = from + text[from..to].rfind('\n')? + 1;
    Some(&text[from..to])
}

/// The function with another body; `None` if the text contains no function. Relies on the layout by rustfmt: the head
/// ends with a line that ends in `{`, and the body ends with the first `}` that is indented like the `fn`.
fn with_body(function: &str, body: &str) -> Option<String> {
    let lines: Vec<&str> = function.lines().collect();
    let is_head = |line: &str| line.trim_start().split(' ').take(3).any(|word| word == "fn");
    let head = lines.iter().position(|line| is_head(line) && !line.trim_start().starts_with("//"))?;
    let indent = &lines[head][..lines[head].len() - lines[head].trim_start().len()];
    let opening = head + lines[head..].iter().position(|line| line.ends_with('{'))?;
    let closing = opening + lines[opening..].iter().position(|line| *line == format!("{indent}}}"))?;
    let body = body.trim_end().lines().map(|line| match line {
        "" => String::new(),
        line => format!("{indent}    {line}"),
    });
    let before = lines[..=opening].iter().map(|line| (*line).to_owned());
    let after = lines[closing..].iter().map(|line| (*line).to_owned());
    Some(before.chain(body).chain(after).map(|line| line + "\n").collect())
}

/// The text without the lab's own tests: they do not belong to the exercise, and would give the answers away.
pub(super) fn without_tests(text: &str) -> String {
    let text = text.replacen("#[cfg(test)]\nmod tests;\n\n", "", 1);
    match text.find("\n#[cfg(test)]\nmod tests {") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "//! A file.\n\n    // ANCHOR: issue\n    /// It issues.\n    async fn issue(\n        &self,\n    ) -> String {\n        if true {\n            a();\n        }\n        b()\n    }\n    // ANCHOR_END: issue\n\n#[cfg(test)]\nmod tests {\n}\n";

    #[test]
    fn a_part_keeps_its_head_and_loses_its_body() {
        let part = part_of(TEXT, "issue").unwrap();
        assert!(part.starts_with("    /// It issues.\n") && part.ends_with("\n    }\n"), "{part:?}");
        let unwritten = with_body(part, "// Why.\n\ntodo!(\"issue\")\n").unwrap();
        let expected = "    /// It issues.\n    async fn issue(\n        &self,\n    ) -> String {\n        // Why.\n\n        todo!(\"issue\")\n    }\n";
        assert_eq!(unwritten, expected);
        assert_eq!(part_of(TEXT, "other"), None);
    }

    #[test]
    fn the_tests_of_the_lab_are_left_out() {
        assert!(without_tests(TEXT).ends_with("// ANCHOR_END: issue\n"));
        assert_eq!(without_tests("#[cfg(test)]\nmod tests;\n\nuse a;\n"), "use a;\n");
    }
}
