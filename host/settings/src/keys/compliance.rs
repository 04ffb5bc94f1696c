//! The keys of groups, policies and alert definitions.

use super::common::{CRITICALITIES, NAMES, TEXTS};
use crate::schema::{RequiredKeys, TableSchema, ValueSchema, may, must};

pub(crate) static GROUP: TableSchema = TableSchema::free(
    "group",
    "a group",
    &[
        must("name", ValueSchema::Name, "Unique: small letters, digits and `-`."),
        may("title", ValueSchema::Text, "One line for a person; default the name."),
        may("objects", ValueSchema::List(&ValueSchema::Pattern, 0), "Members by id; `*` is any run of characters."),
        may(
            "when",
            ValueSchema::Expression,
            "Members by expression (CEL) over id, kind, parent, tags, properties, metrics.",
        ),
        may("groups", SOME_NAMES_LIST, "The members of these groups are members too."),
        may("exclude", ValueSchema::List(&ValueSchema::Pattern, 1), "Objects that are never members, by id."),
        may("exclude-when", ValueSchema::Expression, "Objects that are never members, by expression (CEL)."),
    ],
)
.any_of(&["objects", "when", "groups"]);

const SOME_NAMES_LIST: ValueSchema = ValueSchema::List(&ValueSchema::Name, 1);
const PATTERN_LIST: ValueSchema = ValueSchema::List(&ValueSchema::Pattern, 1);
static NUMBERS: ValueSchema = ValueSchema::Map(&ValueSchema::Identifier, &ValueSchema::Number);
static CRITICALITY: ValueSchema = ValueSchema::Word(CRITICALITIES);

pub(crate) static POLICY: TableSchema = TableSchema::free(
    "policy",
    "a policy",
    &[
        must("name", ValueSchema::Name, "Unique: small letters, digits and `-`."),
        may("groups", SOME_NAMES_LIST, "The groups that it applies to; default all objects."),
        may(
            "priority",
            ValueSchema::Whole(i32::MIN as i64, i32::MAX as i64),
            "The policy with the highest priority wins, then the first in the order of the files; default 0.",
        ),
        may("hours", ValueSchema::List(&ValueSchema::Table(&HOURS), 1), "When it is in force; default always."),
        may("zone", ValueSchema::Zone, "The time zone of its hours, such as `Europe/Berlin`; default `UTC`."),
        may("allow", PATTERN_LIST, "Alerts that are allowed here: names, RULE/SYMPTOM, or either with `*`."),
        may("forbid", PATTERN_LIST, "Alerts that are forbidden here, even if a policy of lower priority allows them."),
        may(
            "enable",
            PATTERN_LIST,
            "Alerts that are evaluated here, even if a policy of lower priority disables them.",
        ),
        may("disable", PATTERN_LIST, "Alerts that are not evaluated here."),
        may("criticality", ValueSchema::Map(&ValueSchema::Pattern, &CRITICALITY), "Criticalities of alerts here."),
        may("threshold", ValueSchema::Map(&ValueSchema::Pattern, &NUMBERS), "Thresholds of alerts here."),
        may(
            "recommendations",
            ValueSchema::Map(&ValueSchema::Pattern, &TEXTS),
            "Recommendations for alerts here, in order.",
        ),
        may(
            "receivers",
            ValueSchema::Map(&ValueSchema::Pattern, &NAMES),
            "Receivers to notify of alerts here, instead of those that the routes name.",
        ),
    ],
)
.any_of(&["allow", "forbid", "enable", "disable", "criticality", "threshold", "recommendations", "receivers"]);

static HOURS: TableSchema = TableSchema::free(
    "hours",
    "hours",
    &[
        may("days", ValueSchema::Days, "The days on which they begin, such as `mon-fri` or `sat,sun`; default all."),
        may("from", ValueSchema::Minute, "From this time of day, in the policy's `zone`; default `00:00`."),
        may(
            "to",
            ValueSchema::Minute,
            "To this time of day, exclusive, on the next day if it is before `from`; default `24:00`.",
        ),
    ],
);

static ITEM_SCHEMA: ValueSchema = ValueSchema::Table(&ITEM);

pub(crate) static ALERT: TableSchema = TableSchema {
    id: "alert",
    what: "an alert",
    keys: &[
        must("name", ValueSchema::Name, "Unique: small letters, digits and `-`."),
        may("title", ValueSchema::Text, "One line for a person; default the name."),
        may("kinds", ValueSchema::List(&ValueSchema::Text, 1), "Only objects of these kinds; default all."),
        may("all", ValueSchema::List(&ITEM_SCHEMA, 1), "All of these hold."),
        may("any", ValueSchema::List(&ITEM_SCHEMA, 1), "Any of these holds."),
        may("count", ValueSchema::Whole(1, 1000), "The least number of conditions of `of` that must hold."),
        may("of", ValueSchema::List(&ITEM_SCHEMA, 1), "See `count`."),
        may(
            "thresholds",
            ValueSchema::Map(&ValueSchema::Identifier, &ValueSchema::Number),
            "Numbers that facts name as threshold.NAME, and that policies may override.",
        ),
        may("wait", ValueSchema::Duration(0), "It must hold for this long before the alert opens; default `0s`."),
        may(
            "cancel",
            ValueSchema::Duration(0),
            "It must have ceased for this long before the alert is cancelled; default `0s`.",
        ),
        may(
            "criticality",
            ValueSchema::Word(&["auto", "information", "warning", "immediate", "critical"]),
            "Its criticality; default `auto`, that of the worst active symptom.",
        ),
        may(
            "impact",
            ValueSchema::Word(&["health", "risk", "efficiency"]),
            "Its impact; default that of the worst active symptom.",
        ),
        may(
            "recommendations",
            ValueSchema::List(&ValueSchema::Text, 0),
            "Recommendations, in order; default those of the symptoms.",
        ),
        may(
            "controls",
            ValueSchema::List(&ValueSchema::Text, 0),
            "Controls that it violates, beside those of its symptoms.",
        ),
    ],
    choice: RequiredKeys::OneOf(&["all", "any", "of"]),
    pairs: &[("count", "of")],
};

static ITEM: TableSchema = TableSchema {
    id: "condition",
    what: "a condition",
    keys: &[
        may("symptom", ValueSchema::Pattern, "RULE/SYMPTOM, or with `*`, is active."),
        may(
            "fact",
            ValueSchema::Expression,
            "An expression (CEL) over id, kind, parent, tags, properties, metrics and threshold holds.",
        ),
        may("all", ValueSchema::List(&ITEM_SCHEMA, 1), "All of these hold."),
        may("any", ValueSchema::List(&ITEM_SCHEMA, 1), "Any of these holds."),
        may("count", ValueSchema::Whole(1, 1000), "The least number of conditions of `of` that must hold."),
        may("of", ValueSchema::List(&ITEM_SCHEMA, 1), "See `count`."),
        may("scope", ValueSchema::Word(&["own", "parent", "children"]), "Whose symptom or fact; default `own`."),
        may("not", ValueSchema::Flag, "It must not hold; default `false`."),
    ],
    choice: RequiredKeys::OneOf(&["symptom", "fact", "all", "any", "of"]),
    pairs: &[("count", "of")],
};
