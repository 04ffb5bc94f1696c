//! A case of a rule: one file with events, facts, the passing of time, and what must come out.
//!
//! Each line is a comment (`#`), a setting, a step or, after a step, an expectation:
//! `set threshold = 3`, `given vm-1: env = "production"`, `at 2026-11-27T09:00:00Z`, `+10m`, `log vm-1: TEXT`,
//! `fact vm-1: env = "test"`, `metric vm-1: load = 0.5`, `=> raise SYMPTOM vm-1 "SUMMARY" name="value"`.

use std::path::Path;

use lifesigns::model::NS_PER_MS;
use lifesigns::{Format, model::ObjectFacts, rulestore::Manifest};
use lifesigns_text::{did_you_mean, duration_ms, visible};

use crate::exit::Failure;

/// When a case begins that does not say when: 2026-01-01T00:00:00Z.
const START_NS: u64 = 1_767_225_600_000_000_000;
const WORDS: [&str; 6] = ["set", "given", "at", "log", "fact", "metric"];

/// What happens in a step.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum StepKind {
    /// The rule is loaded.
    Load,
    /// A log line of an object.
    Log { object: String, text: String },
    /// A fact of an object changes; `None` takes a property away.
    Fact { object: String, name: String, value: Option<String> },
    /// A sample of a metric.
    Metric { object: String, name: String, value: f64 },
    /// Time passes.
    Pass,
}

/// A step, and what must come out at it.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) kind: StepKind,
    /// When it happens; time has passed up to then.
    pub(super) time_ns: u64,
    /// Its line in the file, from 1; 0 for the load.
    pub(super) line: usize,
    /// Expectations, without their arrow.
    pub(super) expected: Vec<String>,
}

/// A case, as its file says.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) settings_json: String,
    pub(super) known: Vec<ObjectFacts>,
    /// The first one is the load.
    pub(super) steps: Vec<Step>,
    text: String,
}

impl Case {
    /// Parses a file.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let load = Step { kind: StepKind::Load, time_ns: START_NS, line: 0, expected: Vec::new() };
        let case = Self { name, settings_json: "{}".into(), known: Vec::new(), steps: vec![load], text: text.into() };
        let mut reader = CaseReader { case, now_ns: START_NS, settings: String::new() };
        let mut mistakes = Vec::new();
        for (number, line) in text.lines().enumerate() {
            // Settings keep their lines, so that mistakes in them have their place.
            let setting = reader.line(number + 1, line.trim()).unwrap_or_else(|why| {
                mistakes.push(format!("{}:{}: {why}", path.display(), number + 1));
                String::new()
            });
            reader.settings.push_str(&setting);
            reader.settings.push('\n');
        }
        if !mistakes.is_empty() {
            return Err(Failure::Configuration(mistakes.join("\n")));
        }
        let settings = Manifest::parse(path, reader.settings.as_bytes());
        let settings = settings.map_err(|mistakes| Failure::Configuration(mistakes.to_string()))?;
        Ok(Self { settings_json: settings.settings_json, ..reader.case })
    }

    /// Returns the file with other expectations, one list a step.
    pub(super) fn updated(&self, found: &[Vec<String>]) -> String {
        let mut out = String::new();
        let put = |step: usize, out: &mut String| {
            found[step].iter().for_each(|line| out.push_str(&format!("=> {line}\n")));
        };
        // What the load says stands before the first step.
        let mut next = 1;
        for (number, line) in self.text.lines().enumerate().filter(|(_, line)| !line.trim().starts_with("=>")) {
            let is_step = self.steps.get(next).is_some_and(|step| step.line == number + 1);
            if is_step && next == 1 {
                put(0, &mut out);
            }
            out.push_str(line);
            out.push('\n');
            if is_step {
                put(next, &mut out);
                next += 1;
            }
        }
        if self.steps.len() == 1 {
            put(0, &mut out);
        }
        out
    }
}

struct CaseReader {
    case: Case,
    now_ns: u64,
    settings: String,
}

impl CaseReader {
    /// Reads a line. Returns it as TOML if it is a setting.
    fn line(&mut self, number: usize, line: &str) -> Result<String, String> {
        if line.is_empty() || line.starts_with('#') {
            return Ok(String::new());
        }
        if let Some(expected) = line.strip_prefix("=>") {
            let step = self.case.steps.last_mut().expect("there is always the load");
            step.expected.push(expected.trim().to_owned());
            return Ok(String::new());
        }
        if let Some(length) = line.strip_prefix('+') {
            let ms =
                duration_ms(length).ok_or_else(|| format!("`{}` is no length of time: write +10m", visible(line)))?;
            self.now_ns = self.now_ns.saturating_add(ms.saturating_mul(NS_PER_MS));
            self.push(StepKind::Pass, number);
            return Ok(String::new());
        }
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "set" => return Ok(format!("settings.{rest}")),
            "at" => self.at(rest, number)?,
            "given" => self.given(rest)?,
            "log" | "fact" | "metric" => self.event(word, rest, number)?,
            _ => {
                let hint = did_you_mean(word, WORDS)
                    .unwrap_or_else(|| format!("it begins with +, => or {}", WORDS.join(", ")));
                return Err(format!("`{}` is no line of a case; {hint}", visible(word)));
            }
        }
        Ok(String::new())
    }

    fn at(&mut self, text: &str, number: usize) -> Result<(), String> {
        let time_ns = lifesigns_intake::parse_time(text)
            .ok_or_else(|| format!("`{}` is no time: write at 2026-11-27T09:00:00Z", visible(text)))?;
        let is_first = self.case.steps.len() == 1;
        if time_ns < self.now_ns && !is_first {
            return Err("time does not go back: it is later already".to_owned());
        }
        self.now_ns = time_ns;
        if is_first {
            self.case.steps[0].time_ns = time_ns;
        }
        self.push(StepKind::Pass, number);
        Ok(())
    }

    fn event(&mut self, word: &str, rest: &str, number: usize) -> Result<(), String> {
        let (object, text) = of_object(word, rest)?;
        let kind = match word {
            "log" => {
                if let Some(time_ns) = own_time_ns(text) {
                    if time_ns < self.now_ns && self.case.steps.len() > 1 {
                        return Err("the time of this line is before the present: put it further up".to_owned());
                    }
                    self.now_ns = time_ns;
                }
                StepKind::Log { object, text: text.to_owned() }
            }
            "fact" => {
                let (name, value) = named(word, text)?;
                StepKind::Fact { object, name, value: fact_value(&value)? }
            }
            _ => {
                let (name, value) = named(word, text)?;
                let value = value.parse().map_err(|_| format!("`{}` is no number", visible(&value)))?;
                StepKind::Metric { object, name, value }
            }
        };
        self.push(kind, number);
        Ok(())
    }

    fn given(&mut self, rest: &str) -> Result<(), String> {
        let (object, text) = of_object("given", rest)?;
        let (name, value) = named("given", text)?;
        let at = self.case.known.iter().position(|known| known.object == object).unwrap_or_else(|| {
            self.case.known.push(ObjectFacts { object, ..ObjectFacts::default() });
            self.case.known.len() - 1
        });
        let known = &mut self.case.known[at];
        match value.parse() {
            Ok(number) => known.metrics.push((name, number)),
            Err(_) => known.properties.push((name, fact_value(&value)?)),
        }
        Ok(())
    }

    fn push(&mut self, kind: StepKind, line: usize) {
        self.case.steps.push(Step { kind, time_ns: self.now_ns, line, expected: Vec::new() });
    }
}

/// Returns the time that a line has in itself, as the host would read it.
fn own_time_ns(text: &str) -> Option<u64> {
    Format::Auto.decoder(START_NS).decode(text).time_ns
}

fn of_object<'a>(word: &str, rest: &'a str) -> Result<(String, &'a str), String> {
    let (object, text) = rest.split_once(':').ok_or_else(|| format!("whose? Write {word} vm-1: …"))?;
    if object.trim().is_empty() {
        return Err(format!("whose? Write {word} vm-1: …"));
    }
    Ok((object.trim().to_owned(), text.trim_start()))
}

fn named(word: &str, text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("write {word} vm-1: NAME = VALUE"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// Reads `"text"`, `true` and the like, or `none`.
fn fact_value(text: &str) -> Result<Option<String>, String> {
    match text {
        "none" => Ok(None),
        quoted if quoted.starts_with('"') => {
            let value: String =
                serde_json::from_str(quoted).map_err(|_| format!("`{}` is no text in quotes", visible(quoted)))?;
            Ok(Some(value))
        }
        plain => Ok(Some(plain.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASE: &str = "# A case.\nset threshold = 3\ngiven vm-1: env = \"production\"\n\nat 2026-11-27T09:00:00Z\n\
        log vm-1: down: eth0\n=> raise down vm-1 \"x\"\n  # indented\n+10m\nfact vm-1: env = none\nmetric vm-1: load = 0.5\n";

    fn parse(text: &str) -> Result<Case, String> {
        Case::parse(Path::new("a.case"), text).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_case_is_read_and_written_again() {
        let case = parse(CASE).expect("it is one");
        assert_eq!((case.settings_json.as_str(), case.known.len()), (r#"{"threshold":3}"#, 1));
        let kinds: Vec<_> = case.steps.iter().map(|step| step.kind.clone()).collect();
        let object = || "vm-1".to_owned();
        assert_eq!(kinds[2], StepKind::Log { object: object(), text: "down: eth0".into() });
        assert_eq!(kinds[4], StepKind::Fact { object: object(), name: "env".into(), value: None });
        assert_eq!(kinds[5], StepKind::Metric { object: object(), name: "load".into(), value: 0.5 });
        assert_eq!(case.steps[3].time_ns - case.steps[2].time_ns, 600_000_000_000);
        let found: Vec<Vec<String>> = case.steps.iter().map(|step| step.expected.clone()).collect();
        assert_eq!(case.updated(&found), CASE);
        assert_eq!(case.updated(&vec![Vec::new(); 6]), CASE.replace("=> raise down vm-1 \"x\"\n", ""));
    }

    #[test]
    fn mistakes_have_their_line() {
        let text = "lgo vm-1: x\n+soon\nat noon\nlog x\nat 2026-11-27T09:00:00Z\nat 2026-11-26T09:00:00Z\n";
        let said = parse(text).expect_err("wrong");
        for part in
            ["a.case:1: `lgo` is no line", "a.case:2: `+soon`", "a.case:3: `noon`", "a.case:4: whose", "a.case:6: time"]
        {
            assert!(said.contains(part), "{part} is not in {said}");
        }
        assert!(parse("set threshold =\n").expect_err("wrong").contains("a.case:1"));
    }
}
