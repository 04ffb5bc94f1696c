//! The keys of receivers, routes and where receivers may be.

use super::CRITICALITIES;
use crate::shape::{Key, Shape, Table, may, must};

pub(crate) static OUTBOUND: Table = Table::free(
    "outbound",
    "[outbound]",
    &[
        may("allow-private", Shape::Flag, "Loopback, private and link-local addresses are fine; default `false`."),
        may(
            "allow",
            Shape::List(&Shape::Network, 0),
            "These networks are fine, whatever they are, such as `10.0.0.0/8`.",
        ),
    ],
);

pub(crate) static RECEIVER: Table = Table::free(
    "receiver",
    "a receiver",
    &[
        must("name", Shape::Name, "Unique: small letters, digits and `-`."),
        may("ndjson", Shape::Table(&NDJSON), "One line of JSON a notice."),
        may("webhook", Shape::Table(&WEBHOOK), "An HTTP POST a message."),
        may("alertmanager", Shape::Table(&ALERTMANAGER), "A Prometheus Alertmanager, API version 2."),
        may("email", Shape::Table(&EMAIL), "An e-mail a message."),
        may("retry", Shape::Table(&RETRY), "How often a message is tried, and when."),
        may(
            "anchor-audit",
            Shape::Duration(60_000),
            "It is sent the number and hash of the last entry of the audit log at every start and then this often; \
             default never.",
        ),
    ],
)
.one_of(&["ndjson", "webhook", "alertmanager", "email"]);

static NDJSON: Table = Table::free(
    "ndjson",
    "`ndjson`",
    &[
        may("file", Shape::Path, "Appended to, created if it is not there."),
        may("stdout", Shape::Yes, "Standard output."),
    ],
)
.one_of(&["file", "stdout"]);

static SECRET: Table = Table::free(
    "secret",
    "a secret",
    &[
        may("env", Shape::Text, "The environment variable that holds it."),
        may("file", Shape::Path, "The file that holds it."),
    ],
)
.one_of(&["env", "file"]);

static SECRET_SHAPE: Shape = Shape::Table(&SECRET);
static TEXT_OR_SECRET: Shape = Shape::Either(&Shape::Text, &SECRET_SHAPE);
const URL: Shape = Shape::Either(&Shape::Text, &SECRET_SHAPE);
const HEADERS: Shape = Shape::Map(&Shape::Text, &TEXT_OR_SECRET);

static TEMPLATE: Table = Table::free(
    "template",
    "`template`",
    &[must("file", Shape::Path, "A minijinja (Jinja 2) template that makes JSON.")],
);

static WEBHOOK: Table = Table::free(
    "webhook",
    "`webhook`",
    &[
        must("url", URL, "Where to, `http://` or `https://`; or the secret that is the URL."),
        may("headers", HEADERS, "Headers, each a text or a secret."),
        may("secret", Shape::Table(&SECRET), "Signs each message (HMAC-SHA256)."),
        may("template", Shape::Table(&TEMPLATE), "Makes the body; default the documented JSON."),
        may("timeout", Shape::Duration(1), "For one delivery; default `10s`."),
        may("ca", Shape::Path, "Trust the certificates in this PEM file and no others."),
    ],
);

static ALERTMANAGER: Table = Table::free(
    "alertmanager",
    "`alertmanager`",
    &[
        must("url", URL, "Its base, such as `http://alertmanager:9093`; or the secret that is the URL."),
        may("headers", HEADERS, "Headers, each a text or a secret."),
        may("keep-alive", Shape::Duration(1000), "Open alerts are sent again this often; default `1m`."),
        may("timeout", Shape::Duration(1), "For one delivery; default `10s`."),
        may("ca", Shape::Path, "Trust the certificates in this PEM file and no others."),
    ],
);

static EMAIL: Table = Table::free(
    "email",
    "`email`",
    &[
        must("server", Shape::Text, "`smtps://HOST[:PORT]` or `smtp://HOST[:PORT]`."),
        may(
            "starttls",
            Shape::Flag,
            "An `smtp://` server must go over to TLS before anything is said; default `false`.",
        ),
        must("from", Shape::Text, "The sender, `a@b.example` or `Name <a@b.example>`."),
        must("to", Shape::List(&Shape::Text, 1), "The recipients."),
        may("user", Shape::Table(&SECRET), "Log in as."),
        may("password", Shape::Table(&SECRET), "With."),
        may("timeout", Shape::Duration(1), "For one delivery; default `10s`."),
        may("ca", Shape::Path, "Trust the certificates in this PEM file and no others."),
    ],
)
.together(&[("user", "password")]);

static RETRY: Table = Table::free(
    "retry",
    "`retry`",
    &[
        may("attempts", Shape::Whole(1, 1_000_000), "Tries before a message is kept as a dead letter; default 100."),
        may("first", Shape::Duration(1), "The first wait, doubled each time; default `1s`."),
        may("max", Shape::Duration(1), "The longest wait; default `5m`."),
    ],
);

const RECEIVERS: &str = "Who is told; `[]` is nobody.";

pub(crate) static ROUTE: Table =
    Table::free("route", "a route", &route_keys(must("receivers", Shape::List(&Shape::Name, 0), RECEIVERS)));

static NESTED_SHAPE: Shape = Shape::Table(&NESTED);

static NESTED: Table = Table::free(
    "nested-route",
    "a route within a route",
    &route_keys(may(
        "receivers",
        Shape::List(&Shape::Name, 0),
        "Who is told; `[]` is nobody; default as the route around it.",
    )),
);

const fn route_keys(receivers: Key) -> [Key; 11] {
    [
        may("groups", Shape::List(&Shape::Name, 1), "The object is in one of these groups."),
        may("at-least", Shape::Word(CRITICALITIES), "At least this bad."),
        may("objects", Shape::List(&Shape::Pattern, 1), "The object's id."),
        may("alerts", Shape::List(&Shape::Pattern, 1), "The alert: a name, RULE/SYMPTOM, or either with `*`."),
        receivers,
        may(
            "group-by",
            Shape::List(&Shape::Text, 0),
            "Alerts that agree in these go into one message: `alert`, `object`, `group`, `criticality` or an attribute; default none: each alert is a message.",
        ),
        may("wait", Shape::Duration(0), "A new message waits this long for company; default `0s`."),
        may("interval", Shape::Duration(0), "Between two messages of one group; default `1m`."),
        may("repeat", Shape::Duration(0), "Open alerts are told again after this long, `0s` for never; default `4h`."),
        may("continue", Shape::Flag, "Go on to the routes after it; default `false`."),
        may("route", Shape::List(&NESTED_SHAPE, 0), "Routes that are tried within it first."),
    ]
}
