//! The keys of groups, policies and alert definitions.

use lifesigns_document::{
    TableSchema,
    ValueSchema::{self, Duration, Flag, Identifier, List, Map, Name, Number, Pattern, Table, Text, Whole, Word},
    may, must,
};

use super::common::{CRITICALITIES, DAYS, EXPRESSION, MINUTE, NAMES, TEXTS, ZONE};

pub(crate) static GROUP: TableSchema = TableSchema::free(
    "group",
    "a group",
    &[
        must("name", Name, "Unique: small letters, digits and `-`."),
        may("title", Text, "One line for a person; default the name."),
        may("objects", List(&Pattern, 0), "Members by id; `*` is any run of characters."),
        may("when", EXPRESSION, "Members by expression (CEL) over id, kind, parent, tags, properties, metrics."),
        may("groups", SOME_NAMES_LIST, "The members of these groups are members too."),
        may("exclude", List(&Pattern, 1), "Objects that are never members, by id."),
        may("exclude-when", EXPRESSION, "Objects that are never members, by expression (CEL)."),
    ],
)
.any_of(&["objects", "when", "groups"]);

const SOME_NAMES_LIST: ValueSchema = List(&Name, 1);
const PATTERN_LIST: ValueSchema = List(&Pattern, 1);
static NUMBERS: ValueSchema = Map(&Identifier, &Number);
static CRITICALITY: ValueSchema = Word(CRITICALITIES);

pub(crate) static POLICY: TableSchema = TableSchema::free(
    "policy",
    "a policy",
    &[
        must("name", Name, "Unique: small letters, digits and `-`."),
        may("groups", SOME_NAMES_LIST, "The groups that it applies to; default all objects."),
        may(
            "priority",
            Whole(i32::MIN as i64, i32::MAX as i64),
            "The policy with the highest priority wins, then the first in the order of the files; default 0.",
        ),
        may("hours", List(&Table(&HOURS), 1), "When it is in force; default always."),
        may("zone", ZONE, "The time zone of its hours, such as `Europe/Berlin`; default `UTC`."),
        may("allow", PATTERN_LIST, "Alerts that are allowed here: names, RULE/SYMPTOM, or either with `*`."),
        may("forbid", PATTERN_LIST, "Alerts that are forbidden here, even if a policy of lower priority allows them."),
        may(
            "enable",
            PATTERN_LIST,
            "Alerts that are evaluated here, even if a policy of lower priority disables them.",
        ),
        may("disable", PATTERN_LIST, "Alerts that are not evaluated here."),
        may("criticality", Map(&Pattern, &CRITICALITY), "Criticalities of alerts here."),
        may("threshold", Map(&Pattern, &NUMBERS), "Thresholds of alerts here."),
        may("recommendations", Map(&Pattern, &TEXTS), "Recommendations for alerts here, in order."),
        may(
            "receivers",
            Map(&Pattern, &NAMES),
            "Receivers to notify of alerts here, instead of those that the routes name.",
        ),
    ],
)
.any_of(&["allow", "forbid", "enable", "disable", "criticality", "threshold", "recommendations", "receivers"]);

static HOURS: TableSchema = TableSchema::free(
    "hours",
    "hours",
    &[
        may("days", DAYS, "The days on which they begin, such as `mon-fri` or `sat,sun`; default all."),
        may("from", MINUTE, "From this time of day, in the policy's `zone`; default `00:00`."),
        may("to", MINUTE, "To this time of day, exclusive, on the next day if it is before `from`; default `24:00`."),
    ],
);

static ITEM_SCHEMA: ValueSchema = Table(&ITEM);

pub(crate) static ALERT: TableSchema = TableSchema::free(
    "alert",
    "an alert",
    &[
        must("name", Name, "Unique: small letters, digits and `-`."),
        may("title", Text, "One line for a person; default the name."),
        may("kinds", List(&Text, 1), "Only objects of these kinds; default all."),
        may("all", List(&ITEM_SCHEMA, 1), "All of these hold."),
        may("any", List(&ITEM_SCHEMA, 1), "Any of these holds."),
        may("count", Whole(1, 1000), "The least number of conditions of `of` that must hold."),
        may("of", List(&ITEM_SCHEMA, 1), "See `count`."),
        may(
            "thresholds",
            Map(&Identifier, &Number),
            "Numbers that facts name as threshold.NAME, and that policies may override.",
        ),
        may("wait", Duration(0), "It must hold for this long before the alert opens; default `0s`."),
        may("cancel", Duration(0), "It must have ceased for this long before the alert is cancelled; default `0s`."),
        may(
            "criticality",
            Word(&["auto", "information", "warning", "immediate", "critical"]),
            "Its criticality; default `auto`, that of the worst active symptom.",
        ),
        may("impact", Word(&["health", "risk", "efficiency"]), "Its impact; default that of the worst active symptom."),
        may("recommendations", List(&Text, 0), "Recommendations, in order; default those of the symptoms."),
        may("controls", List(&Text, 0), "Controls that it violates, beside those of its symptoms."),
    ],
)
.one_of(&["all", "any", "of"])
.together(&[("count", "of")]);

static ITEM: TableSchema = TableSchema::free(
    "condition",
    "a condition",
    &[
        may("symptom", Pattern, "RULE/SYMPTOM, or with `*`, is active."),
        may(
            "fact",
            EXPRESSION,
            "An expression (CEL) over id, kind, parent, tags, properties, metrics and threshold holds.",
        ),
        may("all", List(&ITEM_SCHEMA, 1), "All of these hold."),
        may("any", List(&ITEM_SCHEMA, 1), "Any of these holds."),
        may("count", Whole(1, 1000), "The least number of conditions of `of` that must hold."),
        may("of", List(&ITEM_SCHEMA, 1), "See `count`."),
        may("scope", Word(&["own", "parent", "children"]), "Whose symptom or fact; default `own`."),
        may("not", Flag, "It must not hold; default `false`."),
    ],
)
.one_of(&["symptom", "fact", "all", "any", "of"])
.together(&[("count", "of")]);
