//! The keys of groups, policies and alert definitions.

use lifesigns_document::{
    TableSchema,
    ValueSchema::{self, Bool, Duration, Enum, Identifier, Integer, List, Map, Name, Number, Pattern, Table, Text},
    optional, required,
};

use super::common::{CRITICALITIES, DAYS, EXPRESSION, MINUTE, NAMES, TEXTS, ZONE};

pub(crate) static GROUP: TableSchema = TableSchema::free(
    "group",
    "a group",
    &[
        required("name", Name, "Unique: small letters, digits and `-`."),
        optional("title", Text, "One line for a person; default the name."),
        optional("objects", List(&Pattern, 0), "Members by id; `*` is any run of characters."),
        optional("when", EXPRESSION, "Members by expression (CEL) over id, kind, parent, tags, properties, metrics."),
        optional("groups", SOME_NAMES_LIST, "The members of these groups are members too."),
        optional("exclude", List(&Pattern, 1), "Objects that are never members, by id."),
        optional("exclude-when", EXPRESSION, "Objects that are never members, by expression (CEL)."),
    ],
)
.any_of(&["objects", "when", "groups"]);

const SOME_NAMES_LIST: ValueSchema = List(&Name, 1);
const PATTERN_LIST: ValueSchema = List(&Pattern, 1);
static NUMBERS: ValueSchema = Map(&Identifier, &Number);
static CRITICALITY: ValueSchema = Enum(CRITICALITIES);

pub(crate) static POLICY: TableSchema = TableSchema::free(
    "policy",
    "a policy",
    &[
        required("name", Name, "Unique: small letters, digits and `-`."),
        optional("groups", SOME_NAMES_LIST, "The groups that it applies to; default all objects."),
        optional(
            "priority",
            Integer(i32::MIN as i64, i32::MAX as i64),
            "The policy with the highest priority wins, then the first in the order of the files; default 0.",
        ),
        optional("hours", List(&Table(&HOURS), 1), "When it is in force; default always."),
        optional("zone", ZONE, "The time zone of its hours, such as `Europe/Berlin`; default `UTC`."),
        optional("allow", PATTERN_LIST, "Alerts that are allowed here: names, RULE/SYMPTOM, or either with `*`."),
        optional(
            "forbid",
            PATTERN_LIST,
            "Alerts that are forbidden here, even if a policy of lower priority allows them.",
        ),
        optional(
            "enable",
            PATTERN_LIST,
            "Alerts that are evaluated here, even if a policy of lower priority disables them.",
        ),
        optional("disable", PATTERN_LIST, "Alerts that are not evaluated here."),
        optional("criticality", Map(&Pattern, &CRITICALITY), "Criticalities of alerts here."),
        optional("threshold", Map(&Pattern, &NUMBERS), "Thresholds of alerts here."),
        optional("recommendations", Map(&Pattern, &TEXTS), "Recommendations for alerts here, in order."),
        optional(
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
        optional("days", DAYS, "The days on which they begin, such as `mon-fri` or `sat,sun`; default all."),
        optional("from", MINUTE, "From this time of day, in the policy's `zone`; default `00:00`."),
        optional(
            "to",
            MINUTE,
            "To this time of day, exclusive, on the next day if it is before `from`; default `24:00`.",
        ),
    ],
);

static ITEM_SCHEMA: ValueSchema = Table(&ITEM);

pub(crate) static ALERT: TableSchema = TableSchema::free(
    "alert",
    "an alert",
    &[
        required("name", Name, "Unique: small letters, digits and `-`."),
        optional("title", Text, "One line for a person; default the name."),
        optional("kinds", List(&Text, 1), "Only objects of these kinds; default all."),
        optional("all", List(&ITEM_SCHEMA, 1), "All of these hold."),
        optional("any", List(&ITEM_SCHEMA, 1), "Any of these holds."),
        optional("count", Integer(1, 1000), "The least number of conditions of `of` that must hold."),
        optional("of", List(&ITEM_SCHEMA, 1), "See `count`."),
        optional(
            "thresholds",
            Map(&Identifier, &Number),
            "Numbers that facts name as threshold.NAME, and that policies may override.",
        ),
        optional("wait", Duration(0), "It must hold for this long before the alert opens; default `0s`."),
        optional(
            "cancel",
            Duration(0),
            "It must have ceased for this long before the alert is cancelled; default `0s`.",
        ),
        optional(
            "criticality",
            Enum(&["auto", "information", "warning", "immediate", "critical"]),
            "Its criticality; default `auto`, that of the worst active symptom.",
        ),
        optional(
            "impact",
            Enum(&["health", "risk", "efficiency"]),
            "Its impact; default that of the worst active symptom.",
        ),
        optional("recommendations", List(&Text, 0), "Recommendations, in order; default those of the symptoms."),
        optional("controls", List(&Text, 0), "Controls that it violates, beside those of its symptoms."),
    ],
)
.one_of(&["all", "any", "of"])
.together(&[("count", "of")]);

static ITEM: TableSchema = TableSchema::free(
    "condition",
    "a condition",
    &[
        optional("symptom", Pattern, "RULE/SYMPTOM, or with `*`, is active."),
        optional(
            "fact",
            EXPRESSION,
            "An expression (CEL) over id, kind, parent, tags, properties, metrics and threshold holds.",
        ),
        optional("all", List(&ITEM_SCHEMA, 1), "All of these hold."),
        optional("any", List(&ITEM_SCHEMA, 1), "Any of these holds."),
        optional("count", Integer(1, 1000), "The least number of conditions of `of` that must hold."),
        optional("of", List(&ITEM_SCHEMA, 1), "See `count`."),
        optional("scope", Enum(&["own", "parent", "children"]), "Whose symptom or fact; default `own`."),
        optional("not", Bool, "It must not hold; default `false`."),
    ],
)
.one_of(&["symptom", "fact", "all", "any", "of"])
.together(&[("count", "of")]);
