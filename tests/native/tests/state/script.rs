//! A rule that does what the message of an event says, and alerts with the answers.

use lifesigns_rule::{Alerts, Description, Event, Interest, Kind, Kinds, Rule, State, Symptom};

const NS_PER_MS: u64 = 1_000_000;

pub(crate) struct Script;

impl Rule for Script {
    type Settings = ();

    fn new((): ()) -> Result<Self, String> {
        Ok(Self)
    }

    fn describe(&self) -> Description {
        Description::new("script", "1.0.0")
            .symptom(Symptom::new("done", "Done"))
            .interest(Interest::of(Kinds::LOG))
            .interest(Interest::reminder())
    }

    fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>) {
        let answers: Vec<String> = match event.kind() {
            Kind::Reminder => vec![reminded(event)],
            _ => event.message().split(';').map(|step| run(event, step)).collect(),
        };
        alerts.raise("done", answers.join(" "));
    }
}

/// A reminder counts itself; `again` sets itself a few times.
fn reminded(event: &Event<'_>) -> String {
    let (name, state) = (event.message(), event.state());
    let times = state.count("reminded", 1, 100);
    if name == "again" && times < 5 {
        state.remind_at(name, event.time_ns() + 3 * NS_PER_MS);
    }
    format!("{name}={times}")
}

/// Carries out one step, such as `count k1 2 50`.
fn run(event: &Event<'_>, step: &str) -> String {
    let words: Vec<&str> = step.split(' ').collect();
    let number = |at: usize| words[at].parse::<u64>().expect("a number");
    let (state, key) = (event.state(), long(words.get(1).unwrap_or(&"")));
    match words[0] {
        "get" => match state.get(&key) {
            Some(value) => format!("{}*{:?}", value.len(), value.first()),
            None => "none".to_owned(),
        },
        "set" => {
            state.set(&key, vec![number(2) as u8; number(2) as usize], number(3));
            "set".to_owned()
        }
        "delete" => {
            state.delete(&key);
            "deleted".to_owned()
        }
        "rename" => state.rename(&key, &long(words[2])).to_string(),
        "count" => state.count(&key, number(2) as u32, number(3)).to_string(),
        "distinct" => state.distinct(&key, &long(words[2]), number(3)).to_string(),
        "values" => state.distinct_now(&key, number(2)).to_string(),
        "remind" => {
            state.remind_at(&key, event.time_ns().saturating_sub(NS_PER_MS).saturating_add(number(2)));
            "set".to_owned()
        }
        "forget" => {
            state.forget(&key);
            "forgotten".to_owned()
        }
        many => fill(event, state, many, &key, number(2)),
    }
}

/// Steps that reach a limit: `number` times the same.
fn fill(event: &Event<'_>, state: State<'_>, what: &str, key: &str, number: u64) -> String {
    match what {
        "keys" => (0..number).for_each(|at| state.set(&format!("{key}-{at}"), "x", 0)),
        "additions" => {
            state.count(key, 1, 50);
            for _ in 0..number {
                state.count(key, 1, 0);
            }
        }
        "notes" => {
            for at in 0..number {
                state.distinct(key, &format!("value-{at}"), 0);
            }
        }
        "reminders" => {
            let far_ns = |at: u64| event.time_ns() + 3_600_000 * NS_PER_MS + at / 2;
            (0..number).for_each(|at| state.remind_at(&format!("{key}-{at}"), far_ns(at)));
        }
        unknown => panic!("no step is called `{unknown}`"),
    }
    what.to_owned()
}

/// Names that begin with `L` are longer than the host keeps.
fn long(name: &str) -> String {
    if name.starts_with('L') { format!("{}{name}", "x".repeat(300)) } else { name.to_owned() }
}
