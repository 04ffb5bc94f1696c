//! Errors with their causes, on one line.

use std::error::Error;

/// Returns the message of an error and those of its causes, separated by `: `. A cause whose message is
/// part of the text already is left out.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<Layer>>);

    impl fmt::Display for Layer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Layer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn causes_follow_and_are_not_repeated() {
        let error = Layer("no mail", Some(Box::new(Layer("mail", Some(Box::new(Layer("timed out", None)))))));
        assert_eq!(with_causes(&error), "no mail: timed out");
    }
}
