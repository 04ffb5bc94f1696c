//! What people type to name alerts: matchers of silences, criticalities.

use lifesigns::model::{Criticality, Impact};
use lifesigns_api::AuditMark;
use lifesigns_compliance::{Matcher, Pattern, query::AlertStateFilter};
use lifesigns_text::suggestion;

/// `NAME=PATTERN` or `NAME!=PATTERN`; `=~` and `!~` are the same, as patterns always have `*`.
pub(crate) fn parse(text: &str) -> Result<Matcher, String> {
    let form = "write NAME=PATTERN or NAME!=PATTERN, such as object=vm-*";
    let (name, negated, pattern) = match (text.find("!~"), text.find('=')) {
        (Some(at), equals) if equals.is_none_or(|equals| at < equals) => (&text[..at], true, &text[at + 1..]),
        (_, Some(at)) => match text[..at].strip_suffix('!') {
            Some(name) => (name, true, &text[at + 1..]),
            None => (&text[..at], false, &text[at + 1..]),
        },
        _ => return Err(form.to_owned()),
    };
    let name = name.trim();
    if name.is_empty() {
        return Err(format!("it names nothing: {form}"));
    }
    let pattern = match pattern.strip_prefix('~') {
        Some(pattern) => glob(pattern)?,
        None => pattern,
    };
    if name == "criticality" && !pattern.contains('*') {
        criticality(pattern)?;
    }
    Ok(Matcher { name: name.to_owned(), pattern: Pattern::new(pattern), negated })
}

/// `=~` may be meant as a regular expression, which would match something else.
fn glob(pattern: &str) -> Result<&str, String> {
    let regular = [".*", ".+", "|", "^", "$", "(", "[", "\\"];
    if !regular.iter().any(|sign| pattern.contains(sign)) {
        return Ok(pattern);
    }
    let meant = pattern.replace(".*", "*").replace(".+", "*");
    let meant = meant.trim_start_matches('^').trim_end_matches('$');
    let hint = match regular.iter().any(|sign| meant.contains(sign)) {
        true => String::new(),
        false => format!("; did you mean {meant:?}?"),
    };
    Err(format!("{pattern:?} is a regular expression, and patterns have * for any run of characters only{hint}"))
}

/// One of the three words.
pub(crate) fn impact(word: &str) -> Result<Impact, String> {
    let all = [Impact::Health, Impact::Risk, Impact::Efficiency];
    let found = all.into_iter().find(|it| it.as_str() == word);
    found.ok_or_else(|| format!("{word:?} is not health, risk or efficiency"))
}

const STATES: [(&str, AlertStateFilter); 7] = [
    ("open", AlertStateFilter::Open),
    ("acknowledged", AlertStateFilter::Acknowledged),
    ("unacknowledged", AlertStateFilter::Unacknowledged),
    ("silenced", AlertStateFilter::Silenced),
    ("inhibited", AlertStateFilter::Inhibited),
    ("allowed", AlertStateFilter::Allowed),
    ("cancelled", AlertStateFilter::Cancelled),
];

/// Parses a state of alerts.
pub(crate) fn state(word: &str) -> Result<AlertStateFilter, String> {
    let found = STATES.iter().find(|(name, _)| *name == word).map(|(_, state)| *state);
    found.ok_or_else(|| {
        let hint = suggestion(word, STATES.iter().map(|(name, _)| *name));
        let names: Vec<&str> = STATES.iter().map(|(name, _)| *name).collect();
        format!("{word:?} is no state: there are {}{hint}", names.join(", "))
    })
}

/// One of the four words.
pub(crate) fn criticality(word: &str) -> Result<Criticality, String> {
    Criticality::from_word(word).ok_or_else(|| format!("{word:?} is not information, warning, immediate or critical"))
}

/// Parses an entry of the audit log as it was noted before: `NUMBER:HASH`.
pub(crate) fn mark(text: &str) -> Result<AuditMark, String> {
    let mark = text.split_once(':').and_then(|(number, hash)| {
        let hexadecimal = hash.len() == 64 && hash.chars().all(|it| it.is_ascii_hexdigit());
        Some(AuditMark { number: number.parse().ok()?, hash: hexadecimal.then(|| hash.to_owned())? })
    });
    mark.ok_or_else(|| format!("{text:?} is not NUMBER:HASH, as `lifesigns audit verify` prints it"))
}

/// Parses a matcher.
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
    fn a_regular_expression_is_not_taken_for_a_pattern() {
        for text in ["object=~vm*", "object!~vm*"] {
            let matcher = parse(text).unwrap();
            assert_eq!((matcher.pattern.as_str(), matcher.negated), ("vm*", text.contains('!')));
        }
        assert!(parse("object=~vm.*").unwrap_err().contains("did you mean \"vm*\"?"));
        assert!(parse("object=~^vm-.+$").unwrap_err().contains("did you mean \"vm-*\"?"));
        assert!(parse("object=~a|b").unwrap_err().ends_with("characters only"));
        assert_eq!(parse("image=a!~b").unwrap().pattern.as_str(), "a!~b");
    }

    #[test]
    fn words_are_checked() {
        assert!(state("unacknowleged").unwrap_err().contains("did you mean `unacknowledged`?"));
        assert!(impact("bad").unwrap_err().contains("efficiency"));
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
