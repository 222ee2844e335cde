//! Why a command failed.

use std::error::Error;
use std::fmt::{self, Display};

/// One sentence that says what failed, the chain of its causes, and what to do about it.
///
/// A command that ends with a failure prints it on stderr and exits with code 2.
///
/// ```
/// use harness::Failure;
///
/// let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
/// let failure = Failure::new("no server answers at http://127.0.0.1:9").caused_by(&refused).advice("start the server first");
/// assert_eq!(
///     failure.to_string(),
///     "no server answers at http://127.0.0.1:9: connection refused; start the server first"
/// );
/// ```
#[derive(Debug)]
pub struct Failure {
    sentence: String,
    causes: Vec<String>,
    advice: Option<String>,
}

impl Failure {
    /// A failure whose sentence contains its cause, or that has none.
    pub fn new(sentence: impl Display) -> Self {
        Self { sentence: sentence.to_string(), causes: Vec::new(), advice: None }
    }

    /// Adds an error, and the errors that caused it in turn. A text that the failure already contains is not repeated.
    #[must_use]
    pub fn caused_by(mut self, error: &dyn Error) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            self.add(error.to_string());
            next = error.source();
        }
        self
    }

    /// Adds what to do about the failure.
    #[must_use]
    pub fn advice(mut self, advice: impl Display) -> Self {
        self.advice = Some(advice.to_string());
        self
    }

    /// Adds a cause, unless its text is already contained: libraries differ in whether an error's text includes its
    /// source's.
    fn add(&mut self, cause: String) {
        let is_said = self.causes.iter().chain([&self.sentence]).any(|said| said.contains(&cause));
        if !is_said {
            self.causes.push(cause);
        }
    }
}

impl Display for Failure {
    /// Writes the failure in one line: `sentence: cause: cause; advice`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)?;
        for cause in &self.causes {
            write!(f, ": {cause}")?;
        }
        match &self.advice {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let failure = Self::new(&error);
        match error.source() {
            Some(source) => failure.caused_by(source),
            None => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<Layer>>);

    impl Display for Layer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Layer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|layer| layer as _)
        }
    }

    fn layers(texts: [&'static str; 3]) -> Layer {
        let [outer, middle, inner] = texts;
        Layer(outer, Some(Box::new(Layer(middle, Some(Box::new(Layer(inner, None)))))))
    }

    #[test]
    fn every_cause_is_told_and_none_twice() {
        let failure = Failure::from(layers(["error sending request", "connect error", "connection refused"]));
        assert_eq!(failure.to_string(), "error sending request: connect error: connection refused");
        let failure = Failure::from(layers(["no answer (timed out)", "timed out", "timed out"]));
        assert_eq!(failure.to_string(), "no answer (timed out)");
    }

    #[test]
    fn the_advice_comes_last() {
        let error = layers(["cannot bind", "address in use", "os error 98"]);
        let failure = Failure::new("the page cannot be served")
            .caused_by(&error)
            .advice("choose another with --listen");
        let told = "the page cannot be served: cannot bind: address in use: os error 98; choose another with --listen";
        assert_eq!(failure.to_string(), told);
    }
}
