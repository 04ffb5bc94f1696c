//! The keys of receivers, routes and outbound connections.

use lifesigns_document::{
    KeySchema, Secrets, TableSchema,
    ValueSchema::{self, Duration, Either, Flag, List, Map, Name, Path, Pattern, Table, Text, Whole, Word, Yes},
    may, must,
};

use super::common::{CRITICALITIES, NETWORK};

pub(crate) static OUTBOUND: TableSchema = TableSchema::free(
    "outbound",
    "[outbound]",
    &[
        may("allow-private", Flag, "Allow loopback, private and link-local addresses; default `false`."),
        may("allow", List(&NETWORK, 0), "Networks that are allowed, whatever their kind, such as `10.0.0.0/8`."),
    ],
);

pub(crate) static RECEIVER: TableSchema = TableSchema::free(
    "receiver",
    "a receiver",
    &[
        must("name", Name, "Unique: small letters, digits and `-`."),
        may("ndjson", Table(&NDJSON), "One line of JSON per notice."),
        may("webhook", Table(&WEBHOOK), "One HTTP POST per message."),
        may("alertmanager", Table(&ALERTMANAGER), "A Prometheus Alertmanager, API version 2."),
        may("email", Table(&EMAIL), "One e-mail per message."),
        may("retry", Table(&RETRY), "How often and when a message is retried."),
        may(
            "anchor-audit",
            Duration(60_000),
            "Interval at which the receiver is sent the number and hash of the last entry of the audit log, first at \
             every start; default never.",
        ),
    ],
)
.one_of(&["ndjson", "webhook", "alertmanager", "email"])
.secrets(Secrets::Within);

static NDJSON: TableSchema = TableSchema::free(
    "ndjson",
    "`ndjson`",
    &[may("file", Path, "A file to append to, created if it does not exist."), may("stdout", Yes, "Standard output.")],
)
.one_of(&["file", "stdout"]);

static SECRET: TableSchema = TableSchema::free(
    "secret",
    "a secret",
    &[may("env", Text, "The environment variable that holds it."), may("file", Path, "The file that holds it.")],
)
.one_of(&["env", "file"])
.secrets(Secrets::Itself);

static SECRET_SCHEMA: ValueSchema = Table(&SECRET);
static TEXT_OR_SECRET: ValueSchema = Either(&Text, &SECRET_SCHEMA);
const URL: ValueSchema = Either(&Text, &SECRET_SCHEMA);
const HEADERS: ValueSchema = Map(&Text, &TEXT_OR_SECRET);

static TEMPLATE: TableSchema = TableSchema::free(
    "template",
    "`template`",
    &[must("file", Path, "A minijinja (Jinja 2) template that renders JSON.")],
);

static WEBHOOK: TableSchema = TableSchema::free(
    "webhook",
    "`webhook`",
    &[
        must("url", URL, "The URL to post to, `http://` or `https://`; or the secret that holds it."),
        may("headers", HEADERS, "Headers, each a text or a secret."),
        may("secret", Table(&SECRET), "The key that signs each message (HMAC-SHA256)."),
        may("template", Table(&TEMPLATE), "The template of the body; default the documented JSON."),
        may("timeout", Duration(1), "Time limit of one delivery; default `10s`."),
        may("ca", Path, "A PEM file with the only certificates that are trusted."),
    ],
)
.secrets(Secrets::Within);

static ALERTMANAGER: TableSchema = TableSchema::free(
    "alertmanager",
    "`alertmanager`",
    &[
        must("url", URL, "Its base, such as `http://alertmanager:9093`; or the secret that holds the URL."),
        may("headers", HEADERS, "Headers, each a text or a secret."),
        may("keep-alive", Duration(1000), "Interval at which open alerts are sent again; default `1m`."),
        may("timeout", Duration(1), "Time limit of one delivery; default `10s`."),
        may("ca", Path, "A PEM file with the only certificates that are trusted."),
    ],
)
.secrets(Secrets::Within);

static EMAIL: TableSchema = TableSchema::free(
    "email",
    "`email`",
    &[
        must("server", Text, "`smtps://HOST[:PORT]` or `smtp://HOST[:PORT]`."),
        may("starttls", Flag, "Require STARTTLS of an `smtp://` server before anything else is sent; default `false`."),
        must("from", Text, "The sender, `a@b.example` or `Name <a@b.example>`."),
        must("to", List(&Text, 1), "The recipients."),
        may("user", Table(&SECRET), "The user to log in as."),
        may("password", Table(&SECRET), "The password of `user`."),
        may("timeout", Duration(1), "Time limit of one delivery; default `10s`."),
        may("ca", Path, "A PEM file with the only certificates that are trusted."),
    ],
)
.together(&[("user", "password")])
.secrets(Secrets::Within);

static RETRY: TableSchema = TableSchema::free(
    "retry",
    "`retry`",
    &[
        may("attempts", Whole(1, 1_000_000), "Number of tries before a message is kept as a dead letter; default 100."),
        may("first", Duration(1), "The first wait, doubled after each try; default `1s`."),
        may("max", Duration(1), "The longest wait; default `5m`."),
    ],
);

const RECEIVERS: &str = "Receivers to notify; `[]` for none.";

pub(crate) static ROUTE: TableSchema =
    TableSchema::free("route", "a route", &route_keys(must("receivers", List(&Name, 0), RECEIVERS)));

static NESTED_SCHEMA: ValueSchema = Table(&NESTED);

static NESTED: TableSchema = TableSchema::free(
    "nested-route",
    "a route within a route",
    &route_keys(may(
        "receivers",
        List(&Name, 0),
        "Receivers to notify; `[]` for none; default those of the enclosing route.",
    )),
);

const fn route_keys(receivers: KeySchema) -> [KeySchema; 11] {
    [
        may("groups", List(&Name, 1), "The object is in one of these groups."),
        may("at-least", Word(CRITICALITIES), "The least criticality of the alert."),
        may("objects", List(&Pattern, 1), "The object's id."),
        may("alerts", List(&Pattern, 1), "The alert: a name, RULE/SYMPTOM, or either with `*`."),
        receivers,
        may(
            "group-by",
            List(&Text, 0),
            "Alerts that agree in these go into one message: `alert`, `object`, `group`, `criticality` or an attribute; default none: each alert is a message.",
        ),
        may("wait", Duration(0), "How long a new message waits for further alerts; default `0s`."),
        may("interval", Duration(0), "Shortest time between two messages of one group; default `1m`."),
        may(
            "repeat",
            Duration(0),
            "Interval at which notifications about open alerts are repeated, `0s` for never; default `4h`.",
        ),
        may("continue", Flag, "Continue with the following routes; default `false`."),
        may("route", List(&NESTED_SCHEMA, 0), "Nested routes, which are tried first."),
    ]
}
