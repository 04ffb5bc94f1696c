//! The keys of groups, policies and alert definitions.

use super::{CRITICALITIES, NAMES, TEXTS};
use crate::shape::{Choice, Shape, Table, may, must};

pub(crate) static GROUP: Table = Table::free(
    "group",
    "a group",
    &[
        must("name", Shape::Name, "Unique: small letters, digits and `-`."),
        may("title", Shape::Text, "One line for a person; default the name."),
        may("objects", Shape::List(&Shape::Pattern, 0), "Members by id; `*` is any run of characters."),
        may("when", Shape::Expression, "Members by expression (CEL) over id, kind, parent, tags, properties, metrics."),
        may("groups", SOME_NAMES_LIST, "The members of these groups are members too."),
        may("exclude", Shape::List(&Shape::Pattern, 1), "Never members, whatever the rest says, by id."),
        may("exclude-when", Shape::Expression, "Never members, by expression (CEL)."),
    ],
)
.any_of(&["objects", "when", "groups"]);

const SOME_NAMES_LIST: Shape = Shape::List(&Shape::Name, 1);
const PATTERN_LIST: Shape = Shape::List(&Shape::Pattern, 1);
static NUMBERS: Shape = Shape::Map(&Shape::Identifier, &Shape::Number);
static CRITICALITY: Shape = Shape::Word(CRITICALITIES);

pub(crate) static POLICY: Table = Table::free(
    "policy",
    "a policy",
    &[
        must("name", Shape::Name, "Unique: small letters, digits and `-`."),
        may("groups", SOME_NAMES_LIST, "The groups it holds in; default all objects."),
        may(
            "priority",
            Shape::Whole(i32::MIN as i64, i32::MAX as i64),
            "The policy with the highest wins, then the first in the order of the files; default 0.",
        ),
        may("hours", Shape::List(&Shape::Table(&HOURS), 1), "When it is in force; default always."),
        may("zone", Shape::Zone, "The time zone of its hours, such as `Europe/Berlin`; default `UTC`."),
        may("allow", PATTERN_LIST, "Alerts that are fine here: names, RULE/SYMPTOM, or either with `*`."),
        may("forbid", PATTERN_LIST, "Alerts that are not fine here, whatever a weaker policy allows."),
        may("enable", PATTERN_LIST, "Alerts that are evaluated here, whatever a weaker policy disables."),
        may("disable", PATTERN_LIST, "Alerts that are not evaluated here."),
        may("criticality", Shape::Map(&Shape::Pattern, &CRITICALITY), "How bad alerts are here."),
        may("threshold", Shape::Map(&Shape::Pattern, &NUMBERS), "Thresholds of alerts here."),
        may("recommendations", Shape::Map(&Shape::Pattern, &TEXTS), "What to do about alerts here, in order."),
        may(
            "receivers",
            Shape::Map(&Shape::Pattern, &NAMES),
            "Who is told of alerts here, instead of those that the routes name.",
        ),
    ],
)
.any_of(&["allow", "forbid", "enable", "disable", "criticality", "threshold", "recommendations", "receivers"]);

static HOURS: Table = Table::free(
    "hours",
    "hours",
    &[
        may("days", Shape::Days, "The days on which they begin, such as `mon-fri` or `sat,sun`; default all."),
        may("from", Shape::Minute, "From this time of day, in the policy's `zone`; default `00:00`."),
        may(
            "to",
            Shape::Minute,
            "To this time of day, exclusive, on the next day if it is before `from`; default `24:00`.",
        ),
    ],
);

static ITEM_SHAPE: Shape = Shape::Table(&ITEM);

pub(crate) static ALERT: Table = Table {
    id: "alert",
    what: "an alert",
    keys: &[
        must("name", Shape::Name, "Unique: small letters, digits and `-`."),
        may("title", Shape::Text, "One line for a person; default the name."),
        may("kinds", Shape::List(&Shape::Text, 1), "Only objects of these kinds; default all."),
        may("all", Shape::List(&ITEM_SHAPE, 1), "All of these hold."),
        may("any", Shape::List(&ITEM_SHAPE, 1), "Any of these holds."),
        may("count", Shape::Whole(1, 1000), "At least so many of `of` hold."),
        may("of", Shape::List(&ITEM_SHAPE, 1), "See `count`."),
        may(
            "thresholds",
            Shape::Map(&Shape::Identifier, &Shape::Number),
            "Numbers that facts name as threshold.NAME, and that policies may override.",
        ),
        may("wait", Shape::Duration(0), "It must hold for this long before the alert opens; default `0s`."),
        may(
            "cancel",
            Shape::Duration(0),
            "It must have ceased for this long before the alert is cancelled; default `0s`.",
        ),
        may(
            "criticality",
            Shape::Word(&["auto", "information", "warning", "immediate", "critical"]),
            "How bad; default `auto`, the worst active symptom.",
        ),
        may(
            "impact",
            Shape::Word(&["health", "risk", "efficiency"]),
            "What suffers; default as the worst active symptom says.",
        ),
        may(
            "recommendations",
            Shape::List(&Shape::Text, 0),
            "What to do, in order; default what the symptoms recommend.",
        ),
        may(
            "controls",
            Shape::List(&Shape::Text, 0),
            "Controls that it shows a breach of, beside those of its symptoms.",
        ),
    ],
    choice: Choice::OneOf(&["all", "any", "of"]),
    pairs: &[("count", "of")],
};

static ITEM: Table = Table {
    id: "condition",
    what: "a condition",
    keys: &[
        may("symptom", Shape::Pattern, "RULE/SYMPTOM, or with `*`, is active."),
        may(
            "fact",
            Shape::Expression,
            "An expression (CEL) over id, kind, parent, tags, properties, metrics and threshold holds.",
        ),
        may("all", Shape::List(&ITEM_SHAPE, 1), "All of these hold."),
        may("any", Shape::List(&ITEM_SHAPE, 1), "Any of these holds."),
        may("count", Shape::Whole(1, 1000), "At least so many of `of` hold."),
        may("of", Shape::List(&ITEM_SHAPE, 1), "See `count`."),
        may("scope", Shape::Word(&["own", "parent", "children"]), "Whose symptom or fact; default `own`."),
        may("not", Shape::Flag, "It must not hold; default `false`."),
    ],
    choice: Choice::OneOf(&["symptom", "fact", "all", "any", "of"]),
    pairs: &[("count", "of")],
};
