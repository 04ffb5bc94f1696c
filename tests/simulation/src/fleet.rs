//! The fleet: its objects with their clocks, and its configuration.

use crate::random::Random;

/// A minute in nanoseconds.
pub(crate) const MINUTE_NS: u64 = 60 * 1_000_000_000;
/// When the simulated day begins: 2026-11-20T00:00:00Z.
pub(crate) const START_NS: u64 = 1_795_132_800 * 1_000_000_000;
/// How far the clock advances in one step, in minutes.
pub(crate) const STEP_MIN: u64 = 10;
/// Log files.
pub(crate) const FILES: usize = 6;

/// By how many minutes an object's own clock is off; positive is ahead. Most clocks are right.
const SKEWS_MIN: [i64; 8] = [0, 0, 0, 0, -3, -25, 4, 130];

/// An object.
pub(crate) struct Object {
    pub(crate) id: String,
    pub(crate) skew_min: i64,
    /// The number of the log file that its lines go to.
    pub(crate) file: usize,
    /// The value of `env` in the inventory.
    pub(crate) listed: &'static str,
}

pub(crate) const ENVS: [&str; 2] = ["prod", "lab"];

pub(crate) fn objects(count: usize, random: &mut Random) -> Vec<Object> {
    let object = |number: usize| Object {
        id: format!("vm-{number}"),
        skew_min: random.pick(&SKEWS_MIN),
        file: number % FILES,
        listed: random.pick(&ENVS),
    };
    (0..count).map(object).collect()
}

/// The inventory as CSV.
pub(crate) fn inventory(objects: &[Object]) -> String {
    let mut text = String::from("id,kind,property.env\n");
    for object in objects {
        text += &format!("{},vm,{}\n", object.id, object.listed);
    }
    text
}

/// The definitions: name, how long it waits and lingers in minutes, what it is made of.
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    pub(crate) wait_min: u64,
    pub(crate) cancel_min: u64,
    pub(crate) of: Of,
}

/// The condition of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// A symptom that lines raise and clear.
    Toggle(&'static str),
    /// The same, where the object is in production.
    ToggleInProduction(&'static str),
    /// A metric above its limit.
    Load,
    /// A symptom that ends by its hold, in minutes after the last raise.
    Held(u64),
}

impl Definition {
    /// Whether it is about the rule that comes and goes.
    pub(crate) fn is_of_other(&self) -> bool {
        matches!(self.of, Of::Toggle(symptom) | Of::ToggleInProduction(symptom) if symptom.starts_with("other/"))
    }
}

/// How long the symptom of `kw` holds, in minutes.
pub(crate) const HOLD_MIN: u64 = 40;

pub(crate) const DEFINITIONS: [Definition; 7] = [
    Definition { name: "now", wait_min: 0, cancel_min: 0, of: Of::Toggle("signal/a") },
    Definition { name: "wait", wait_min: 35, cancel_min: 0, of: Of::Toggle("signal/b") },
    Definition { name: "slow", wait_min: 0, cancel_min: 35, of: Of::Toggle("signal/c") },
    Definition { name: "prod", wait_min: 0, cancel_min: 0, of: Of::ToggleInProduction("signal/a") },
    Definition { name: "load", wait_min: 25, cancel_min: 0, of: Of::Load },
    Definition { name: "gone", wait_min: 0, cancel_min: 0, of: Of::Toggle("other/a") },
    Definition { name: "kw/keyword", wait_min: 0, cancel_min: 0, of: Of::Held(HOLD_MIN) },
];

/// The names that the policy allows in the lab.
pub(crate) const ALLOWED_IN_LAB: [&str; 2] = ["now", "kw/keyword"];

/// `lifesigns.toml`; with `policy`, the lab may do more.
pub(crate) fn configuration(policy: bool) -> String {
    let policy =
        if policy { "[[policy]]\nname = \"lab\"\ngroups = [\"lab\"]\nallow = [\"now\", \"kw/keyword\"]\n" } else { "" };
    format!(
        r#"
rules = "rules.d"
metrics-age = "0s"

[[group]]
name = "lab"
when = "properties.env == 'lab'"

[[alert]]
name = "now"
all = [{{ symptom = "signal/a" }}]

[[alert]]
name = "wait"
wait = "35m"
all = [{{ symptom = "signal/b" }}]

[[alert]]
name = "slow"
cancel = "35m"
all = [{{ symptom = "signal/c" }}]

[[alert]]
name = "prod"
all = [{{ symptom = "signal/a" }}, {{ fact = "properties.env == 'prod'" }}]

[[alert]]
name = "load"
wait = "25m"
all = [{{ fact = "metrics.load > 4.0" }}]

[[alert]]
name = "gone"
all = [{{ symptom = "other/a" }}]

[[receiver]]
name = "tap"
ndjson = {{ file = "unused.ndjson" }}

[[route]]
receivers = ["tap"]

{policy}"#
    )
}
