//! Answers questions about tokens on stdin, one a line, until they end.

fn main() -> std::io::Result<()> {
    // What a part that is not written says goes into the answer; the same once more on stderr is of no use.
    std::panic::set_hook(Box::new(|_| {}));
    lab1_exercise::answers::serve(std::io::stdin().lock(), std::io::stdout().lock())
}
