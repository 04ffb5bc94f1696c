//! What people type to name alerts: matchers of silences, criticalities.

use lifesigns::model::Criticality;
use lifesigns_compliance::{Matcher, Pattern};
use lifesigns_control::AuditMark;

/// `NAME=PATTERN` or `NAME!=PATTERN`.
pub(crate) fn parse(text: &str) -> Result<Matcher, String> {
    let form = "write NAME=PATTERN or NAME!=PATTERN, such as object=vm-*";
    let (name, pattern) = text.split_once('=').ok_or(form)?;
    let (name, negated) = match name.strip_suffix('!') {
        Some(name) => (name, true),
        None => (name, false),
    };
    let name = name.trim();
    if name.is_empty() {
        return Err(format!("it names nothing: {form}"));
    }
    if name == "criticality" && !pattern.contains('*') {
        criticality(pattern)?;
    }
    Ok(Matcher { name: name.to_owned(), pattern: Pattern::new(pattern), negated })
}

/// One of the four words.
pub(crate) fn criticality(word: &str) -> Result<Criticality, String> {
    let all = [Criticality::Information, Criticality::Warning, Criticality::Immediate, Criticality::Critical];
    all.into_iter()
        .find(|it| it.as_str() == word)
        .ok_or_else(|| format!("{word:?} is not information, warning, immediate or critical"))
}

/// An entry of the audit log as somebody noted it down: `NUMBER:HASH`.
pub(crate) fn mark(text: &str) -> Result<AuditMark, String> {
    let mark = text.split_once(':').and_then(|(number, hash)| {
        let hexadecimal = hash.len() == 64 && hash.chars().all(|it| it.is_ascii_hexdigit());
        Some(AuditMark { number: number.parse().ok()?, hash: hexadecimal.then(|| hash.to_owned())? })
    });
    mark.ok_or_else(|| format!("{text:?} is not NUMBER:HASH, as `lifesigns audit verify` prints it"))
}

/// A matcher as it is typed.
pub(crate) fn typed(matcher: &Matcher) -> String {
    format!("{}{}={}", matcher.name, if matcher.negated { "!" } else { "" }, matcher.pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers_come_back_as_they_were_typed() {
        for text in ["object=vm-*", "alert!=x", "image=nginx:1=2", "group=", "criticality=critical"] {
            assert_eq!(typed(&parse(text).unwrap()), text);
        }
        assert!(parse("alert!=x").unwrap().negated);
    }

    #[test]
    fn marks_are_a_number_and_a_hash() {
        let hash = "ab".repeat(32);
        assert_eq!(mark(&format!("7:{hash}")), Ok(AuditMark { number: 7, hash }));
        for text in ["7", "7:", "x:00", "7:00", &format!("7:{}", "é".repeat(32))] {
            assert!(mark(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_matcher_is_said_with_its_form() {
        for text in ["vm-7", "=x", "!=x", ""] {
            assert!(parse(text).unwrap_err().contains("NAME=PATTERN"), "{text}");
        }
        assert!(parse("criticality=bad").unwrap_err().contains("immediate"));
    }
}
