//! The keys of receivers, routes and outbound connections.

use super::common::CRITICALITIES;
use crate::schema::{KeySchema, TableSchema, ValueSchema, may, must};

pub(crate) static OUTBOUND: TableSchema = TableSchema::free(
    "outbound",
    "[outbound]",
    &[
        may("allow-private", ValueSchema::Flag, "Allow loopback, private and link-local addresses; default `false`."),
        may(
            "allow",
            ValueSchema::List(&ValueSchema::Network, 0),
            "Networks that are allowed, whatever their kind, such as `10.0.0.0/8`.",
        ),
    ],
);

pub(crate) static RECEIVER: TableSchema = TableSchema::free(
    "receiver",
    "a receiver",
    &[
        must("name", ValueSchema::Name, "Unique: small letters, digits and `-`."),
        may("ndjson", ValueSchema::Table(&NDJSON), "One line of JSON per notice."),
        may("webhook", ValueSchema::Table(&WEBHOOK), "One HTTP POST per message."),
        may("alertmanager", ValueSchema::Table(&ALERTMANAGER), "A Prometheus Alertmanager, API version 2."),
        may("email", ValueSchema::Table(&EMAIL), "One e-mail per message."),
        may("retry", ValueSchema::Table(&RETRY), "How often and when a message is retried."),
        may(
            "anchor-audit",
            ValueSchema::Duration(60_000),
            "Interval at which the receiver is sent the number and hash of the last entry of the audit log, first at \
             every start; default never.",
        ),
    ],
)
.one_of(&["ndjson", "webhook", "alertmanager", "email"]);

static NDJSON: TableSchema = TableSchema::free(
    "ndjson",
    "`ndjson`",
    &[
        may("file", ValueSchema::Path, "A file to append to, created if it does not exist."),
        may("stdout", ValueSchema::Yes, "Standard output."),
    ],
)
.one_of(&["file", "stdout"]);

static SECRET: TableSchema = TableSchema::free(
    "secret",
    "a secret",
    &[
        may("env", ValueSchema::Text, "The environment variable that holds it."),
        may("file", ValueSchema::Path, "The file that holds it."),
    ],
)
.one_of(&["env", "file"]);

static SECRET_SCHEMA: ValueSchema = ValueSchema::Table(&SECRET);
static TEXT_OR_SECRET: ValueSchema = ValueSchema::Either(&ValueSchema::Text, &SECRET_SCHEMA);
const URL: ValueSchema = ValueSchema::Either(&ValueSchema::Text, &SECRET_SCHEMA);
const HEADERS: ValueSchema = ValueSchema::Map(&ValueSchema::Text, &TEXT_OR_SECRET);

static TEMPLATE: TableSchema = TableSchema::free(
    "template",
    "`template`",
    &[must("file", ValueSchema::Path, "A minijinja (Jinja 2) template that renders JSON.")],
);

static WEBHOOK: TableSchema = TableSchema::free(
    "webhook",
    "`webhook`",
    &[
        must("url", URL, "The URL to post to, `http://` or `https://`; or the secret that holds it."),
        may("headers", HEADERS, "Headers, each a text or a secret."),
        may("secret", ValueSchema::Table(&SECRET), "The key that signs each message (HMAC-SHA256)."),
        may("template", ValueSchema::Table(&TEMPLATE), "The template of the body; default the documented JSON."),
        may("timeout", ValueSchema::Duration(1), "Time limit of one delivery; default `10s`."),
        may("ca", ValueSchema::Path, "A PEM file with the only certificates that are trusted."),
    ],
);

static ALERTMANAGER: TableSchema = TableSchema::free(
    "alertmanager",
    "`alertmanager`",
    &[
        must("url", URL, "Its base, such as `http://alertmanager:9093`; or the secret that holds the URL."),
        may("headers", HEADERS, "Headers, each a text or a secret."),
        may("keep-alive", ValueSchema::Duration(1000), "Interval at which open alerts are sent again; default `1m`."),
        may("timeout", ValueSchema::Duration(1), "Time limit of one delivery; default `10s`."),
        may("ca", ValueSchema::Path, "A PEM file with the only certificates that are trusted."),
    ],
);

static EMAIL: TableSchema = TableSchema::free(
    "email",
    "`email`",
    &[
        must("server", ValueSchema::Text, "`smtps://HOST[:PORT]` or `smtp://HOST[:PORT]`."),
        may(
            "starttls",
            ValueSchema::Flag,
            "Require STARTTLS of an `smtp://` server before anything else is sent; default `false`.",
        ),
        must("from", ValueSchema::Text, "The sender, `a@b.example` or `Name <a@b.example>`."),
        must("to", ValueSchema::List(&ValueSchema::Text, 1), "The recipients."),
        may("user", ValueSchema::Table(&SECRET), "The user to log in as."),
        may("password", ValueSchema::Table(&SECRET), "The password of `user`."),
        may("timeout", ValueSchema::Duration(1), "Time limit of one delivery; default `10s`."),
        may("ca", ValueSchema::Path, "A PEM file with the only certificates that are trusted."),
    ],
)
.together(&[("user", "password")]);

static RETRY: TableSchema = TableSchema::free(
    "retry",
    "`retry`",
    &[
        may(
            "attempts",
            ValueSchema::Whole(1, 1_000_000),
            "Number of tries before a message is kept as a dead letter; default 100.",
        ),
        may("first", ValueSchema::Duration(1), "The first wait, doubled after each try; default `1s`."),
        may("max", ValueSchema::Duration(1), "The longest wait; default `5m`."),
    ],
);

const RECEIVERS: &str = "Receivers to notify; `[]` for none.";

pub(crate) static ROUTE: TableSchema = TableSchema::free(
    "route",
    "a route",
    &route_keys(must("receivers", ValueSchema::List(&ValueSchema::Name, 0), RECEIVERS)),
);

static NESTED_SCHEMA: ValueSchema = ValueSchema::Table(&NESTED);

static NESTED: TableSchema = TableSchema::free(
    "nested-route",
    "a route within a route",
    &route_keys(may(
        "receivers",
        ValueSchema::List(&ValueSchema::Name, 0),
        "Receivers to notify; `[]` for none; default those of the enclosing route.",
    )),
);

const fn route_keys(receivers: KeySchema) -> [KeySchema; 11] {
    [
        may("groups", ValueSchema::List(&ValueSchema::Name, 1), "The object is in one of these groups."),
        may("at-least", ValueSchema::Word(CRITICALITIES), "The least criticality of the alert."),
        may("objects", ValueSchema::List(&ValueSchema::Pattern, 1), "The object's id."),
        may(
            "alerts",
            ValueSchema::List(&ValueSchema::Pattern, 1),
            "The alert: a name, RULE/SYMPTOM, or either with `*`.",
        ),
        receivers,
        may(
            "group-by",
            ValueSchema::List(&ValueSchema::Text, 0),
            "Alerts that agree in these go into one message: `alert`, `object`, `group`, `criticality` or an attribute; default none: each alert is a message.",
        ),
        may("wait", ValueSchema::Duration(0), "How long a new message waits for further alerts; default `0s`."),
        may("interval", ValueSchema::Duration(0), "Shortest time between two messages of one group; default `1m`."),
        may(
            "repeat",
            ValueSchema::Duration(0),
            "Interval at which notifications about open alerts are repeated, `0s` for never; default `4h`.",
        ),
        may("continue", ValueSchema::Flag, "Continue with the following routes; default `false`."),
        may("route", ValueSchema::List(&NESTED_SCHEMA, 0), "Nested routes, which are tried first."),
    ]
}
