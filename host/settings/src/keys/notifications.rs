//! The keys of receivers, routes and outbound connections.

use lifesigns_document::{
    KeySchema, Secrets, TableSchema,
    ValueSchema::{self, Bool, Duration, Either, Enum, Integer, List, Map, Name, Path, Pattern, Table, Text, True},
    optional, required,
};

use super::common::{CRITICALITIES, NETWORK};

pub(crate) static OUTBOUND: TableSchema = TableSchema::free(
    "outbound",
    "[outbound]",
    &[
        optional("allow-private", Bool, "Allow loopback, private and link-local addresses; default `false`."),
        optional("allow", List(&NETWORK, 0), "Networks that are allowed, whatever their kind, such as `10.0.0.0/8`."),
    ],
);

pub(crate) static RECEIVER: TableSchema = TableSchema::free(
    "receiver",
    "a receiver",
    &[
        required("name", Name, "Unique: small letters, digits and `-`."),
        optional("ndjson", Table(&NDJSON), "One line of JSON per notice."),
        optional("webhook", Table(&WEBHOOK), "One HTTP POST per message."),
        optional("alertmanager", Table(&ALERTMANAGER), "A Prometheus Alertmanager, API version 2."),
        optional("vrops", Table(&VROPS), "vRealize Operations (VCF Operations): an event per notice."),
        optional("email", Table(&EMAIL), "One e-mail per message."),
        optional("retry", Table(&RETRY), "How often and when a message is retried."),
        optional(
            "anchor-audit",
            Duration(60_000),
            "Interval at which the receiver is sent the number and hash of the last entry of the audit log, first at \
             every start; default never.",
        ),
    ],
)
.one_of(&["ndjson", "webhook", "alertmanager", "vrops", "email"])
.secrets(Secrets::Within);

static NDJSON: TableSchema = TableSchema::free(
    "ndjson",
    "`ndjson`",
    &[
        optional("file", Path, "A file to append to, created if it does not exist."),
        optional("stdout", True, "Standard output."),
    ],
)
.one_of(&["file", "stdout"]);

static SECRET: TableSchema = TableSchema::free(
    "secret",
    "a secret",
    &[
        optional("env", Text, "The environment variable that holds it."),
        optional("file", Path, "The file that holds it."),
    ],
)
.one_of(&["env", "file"])
.secrets(Secrets::Itself);

static SECRET_SCHEMA: ValueSchema = Table(&SECRET);
static TEXT_OR_SECRET: ValueSchema = Either(&Text, &SECRET_SCHEMA);
const TEXT_OR_SECRET_SCHEMA: ValueSchema = Either(&Text, &SECRET_SCHEMA);
const URL: ValueSchema = Either(&Text, &SECRET_SCHEMA);
const HEADERS: ValueSchema = Map(&Text, &TEXT_OR_SECRET);

static TEMPLATE: TableSchema = TableSchema::free(
    "template",
    "`template`",
    &[required("file", Path, "A minijinja (Jinja 2) template that renders JSON.")],
);

static WEBHOOK: TableSchema = TableSchema::free(
    "webhook",
    "`webhook`",
    &[
        required("url", URL, "The URL to post to, `http://` or `https://`; or the secret that holds it."),
        optional("headers", HEADERS, "Headers, each a text or a secret."),
        optional("secret", Table(&SECRET), "The key that signs each message (HMAC-SHA256)."),
        optional("template", Table(&TEMPLATE), "The template of the body; default the documented JSON."),
        optional("timeout", Duration(1), "Time limit of one delivery; default `10s`."),
        optional("ca", Path, "A PEM file with the only certificates that are trusted."),
    ],
)
.secrets(Secrets::Within);

static ALERTMANAGER: TableSchema = TableSchema::free(
    "alertmanager",
    "`alertmanager`",
    &[
        required("url", URL, "Its base, such as `http://alertmanager:9093`; or the secret that holds the URL."),
        optional("headers", HEADERS, "Headers, each a text or a secret."),
        optional("keep-alive", Duration(1000), "Interval at which open alerts are sent again; default `1m`."),
        optional("timeout", Duration(1), "Time limit of one delivery; default `10s`."),
        optional("ca", Path, "A PEM file with the only certificates that are trusted."),
    ],
)
.secrets(Secrets::Within);

static VROPS: TableSchema = TableSchema::free(
    "vrops",
    "`vrops`",
    &[
        required("url", URL, "Its base, such as `https://vrops.example`; or the secret that holds the URL."),
        required("user", TEXT_OR_SECRET_SCHEMA, "The user to log in as, a text or a secret."),
        required("password", Table(&SECRET), "The password of `user`."),
        optional("auth-source", Text, "Where the user is known, such as `LOCAL`; default as the server has it."),
        optional(
            "resource-kind",
            Text,
            "The kind of the resources that have the names of objects, such as `VirtualMachine`; default any.",
        ),
        optional("resource", Text, "The id of the resource for events about objects that no resource has the name of."),
        optional("timeout", Duration(1), "Time limit of one request; default `10s`."),
        optional("ca", Path, "A PEM file with the only certificates that are trusted."),
    ],
)
.secrets(Secrets::Within);

static EMAIL: TableSchema = TableSchema::free(
    "email",
    "`email`",
    &[
        required("server", Text, "`smtps://HOST[:PORT]` or `smtp://HOST[:PORT]`."),
        optional(
            "starttls",
            Bool,
            "Require STARTTLS of an `smtp://` server before anything else is sent; default `false`.",
        ),
        required("from", Text, "The sender, `a@b.example` or `Name <a@b.example>`."),
        required("to", List(&Text, 1), "The recipients."),
        optional("user", Table(&SECRET), "The user to log in as."),
        optional("password", Table(&SECRET), "The password of `user`."),
        optional("timeout", Duration(1), "Time limit of one delivery; default `10s`."),
        optional("ca", Path, "A PEM file with the only certificates that are trusted."),
    ],
)
.together(&[("user", "password")])
.secrets(Secrets::Within);

static RETRY: TableSchema = TableSchema::free(
    "retry",
    "`retry`",
    &[
        optional(
            "attempts",
            Integer(1, 1_000_000),
            "Number of tries before a message is kept as a dead letter; default 100.",
        ),
        optional("first", Duration(1), "The first wait, doubled after each try; default `1s`."),
        optional("max", Duration(1), "The longest wait; default `5m`."),
    ],
);

const RECEIVERS: &str = "Receivers to notify; `[]` for none.";

pub(crate) static ROUTE: TableSchema =
    TableSchema::free("route", "a route", &route_keys(required("receivers", List(&Name, 0), RECEIVERS)));

static NESTED_SCHEMA: ValueSchema = Table(&NESTED);

static NESTED: TableSchema = TableSchema::free(
    "nested-route",
    "a route within a route",
    &route_keys(optional(
        "receivers",
        List(&Name, 0),
        "Receivers to notify; `[]` for none; default those of the enclosing route.",
    )),
);

const fn route_keys(receivers: KeySchema) -> [KeySchema; 11] {
    [
        optional("groups", List(&Name, 1), "The object is in one of these groups."),
        optional("at-least", Enum(CRITICALITIES), "The least criticality of the alert."),
        optional("objects", List(&Pattern, 1), "The object's id."),
        optional("alerts", List(&Pattern, 1), "The alert: a name, RULE/SYMPTOM, or either with `*`."),
        receivers,
        optional(
            "group-by",
            List(&Text, 0),
            "Alerts that agree in these go into one message: `alert`, `object`, `group`, `criticality` or an attribute; default none: each alert is a message.",
        ),
        optional("wait", Duration(0), "How long a new message waits for further alerts; default `0s`."),
        optional("interval", Duration(0), "Shortest time between two messages of one group; default `1m`."),
        optional(
            "repeat",
            Duration(0),
            "Interval at which notifications about open alerts are repeated, `0s` for never; default `4h`.",
        ),
        optional("continue", Bool, "Continue with the following routes; default `false`."),
        optional("route", List(&NESTED_SCHEMA, 0), "Nested routes, which are tried first."),
    ]
}
