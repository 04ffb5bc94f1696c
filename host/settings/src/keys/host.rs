//! The keys of the host itself: rules, inventory, store, sources, engine.

use lifesigns_document::{
    TableSchema,
    ValueSchema::{self, Bool, Bytes, Duration, Either, Enum, Integer, List, Path, Size, Table, Text},
    optional, required,
};

use super::{agents, compliance, notifications, sources};

static PATHS: ValueSchema = List(&Path, 0);

/// The whole file.
pub(crate) static ROOT: TableSchema = TableSchema::free(
    "lifesigns",
    "lifesigns.toml",
    &[
        required("rules", Path, "The rules folder, watched."),
        optional("inventory", Either(&Path, &PATHS), "Files with objects and facts (TOML, JSON or CSV), watched."),
        optional(
            "cache",
            Path,
            "The folder of compiled modules; default `$XDG_CACHE_HOME/lifesigns` or `~/.cache/lifesigns`.",
        ),
        optional("store", Path, "The database; default `lifesigns.db` beside the file."),
        optional("control", Path, "The control socket; default the store's path with the extension `.sock`."),
        optional(
            "reopen",
            Duration(0),
            "An alert that is met again within this long after it was cancelled is reopened; default `10m`.",
        ),
        optional(
            "metrics-age",
            Duration(0),
            "A metric is forgotten after this long without a new sample; `0s` for never; default `24h`.",
        ),
        optional(
            "inhibit-by-parent",
            Bool,
            "An open alert on a parent suppresses notifications about the same alert on its children; default `true`.",
        ),
        optional("output", Table(&OUTPUT), "Where the symptoms that rules raise and clear are written as NDJSON."),
        optional(
            "file-mode",
            Enum(&["0600", "0640", "0644", "0660", "0664"]),
            "The mode of files that the host creates: the output, receivers' lines, reports; default `0600`.",
        ),
        optional(
            "module-folders",
            Either(&Path, &PATHS),
            "Folders outside the rules folder that `module =` and links in it may lead to; default none.",
        ),
        optional(
            "rules-memory",
            Size,
            "Memory and machine code of all rules together; a rule that would need more is refused or paused; default `384MiB`.",
        ),
        optional("compile", Table(&COMPILE), "Limits on compiling modules."),
        optional("engine", Table(&ENGINE), "Threads and limits of the engine."),
        optional("server", Table(&SERVER), "The API and the receivers of events, in the network."),
        optional("badge", Table(&BADGE), "How badges are computed."),
        optional("retention", Table(&RETENTION), "How long the store keeps past data."),
        optional("outbound", Table(&notifications::OUTBOUND), "Networks to which notifications may be sent."),
        optional("source", List(&Table(&sources::SOURCE), 0), "Sources of log lines."),
        optional(
            "agent-group",
            List(&Table(&agents::AGENT_GROUP), 0),
            "Groups of agents, and what they collect; an agent is in the first that admits it.",
        ),
        optional("group", List(&Table(&compliance::GROUP), 0), "Groups of objects."),
        optional("policy", List(&Table(&compliance::POLICY), 0), "Policies of groups."),
        optional("alert", List(&Table(&compliance::ALERT), 0), "Alert definitions over symptoms and facts."),
        optional("receiver", List(&Table(&notifications::RECEIVER), 0), "Receivers of notifications."),
        optional(
            "route",
            List(&Table(&notifications::ROUTE), 0),
            "Which receivers are notified of which alerts; tried in order.",
        ),
    ],
);

static OUTPUT: TableSchema = TableSchema::free(
    "output",
    "[output]",
    &[optional("file", Path, "A file that is appended to; default standard output.")],
);

static ENGINE: TableSchema = TableSchema::free(
    "engine",
    "[engine]",
    &[
        optional("scanners", Integer(1, 1024), "Threads that scan chunks; default half of the cores."),
        optional(
            "shards",
            Integer(1, 1024),
            "Threads that run rules, each with objects of its own; default half of the cores.",
        ),
        optional(
            "inflight-bytes",
            Bytes(1 << 20, 1 << 40),
            "Bytes between sources and shards, a number or a size such as `64MiB`; sources wait when it is reached; default `64MiB`.",
        ),
        optional("pin", Bool, "Pin threads to cores; default `true`."),
        optional(
            "rules-cpu-ms-per-s",
            Integer(1, 100_000),
            "CPU that all rules of a shard may use together, beyond 0.1 ms an event, in milliseconds a second; default `500`.",
        ),
        optional(
            "rules-state-bytes",
            Bytes(1 << 20, 1 << 40),
            "State of all rules, a number or a size such as `256MiB`; a rule that wants more fails; default `256MiB`.",
        ),
        optional(
            "keep-events",
            Bytes(0, 1 << 40),
            "Memory for the events that rules were given, which `lifesigns query` searches, a number or a size; `0` for none; default `64MiB`.",
        ),
    ],
);

static COMPILE: TableSchema = TableSchema::free(
    "compile",
    "[compile]",
    &[
        optional("memory", Size, "Memory of the process that compiles a module; default `512MiB`."),
        optional("cpu", Duration(1000), "Processor time that compiling a module may take; default `20s`."),
        optional("code", Size, "Machine code that a module may become; default `64MiB`."),
        optional("processes", Integer(1, 64), "Modules that are compiled at a time; default 2."),
        optional(
            "start-wait",
            Duration(0),
            "How long the start waits for rules that have to be compiled, before sources are read; default `10s`.",
        ),
        optional("cache-size", Size, "Largest size of the folder of compiled modules; default `1GiB`."),
    ],
);

static ADDRESSES: ValueSchema = List(&Text, 1);

static SERVER: TableSchema = TableSchema::free(
    "server",
    "[server]",
    &[
        required(
            "listen",
            Either(&Text, &ADDRESSES),
            "Addresses to listen at, such as `127.0.0.1:9123`. Others than loopback need TLS and a token.",
        ),
        optional("tls-cert", Path, "The certificate with its chain, as PEM; read again when it changes."),
        optional("tls-key", Path, "Its key, as PEM."),
        optional(
            "allow-plain",
            Bool,
            "Listen beyond loopback without TLS, because a proxy in front of it speaks TLS; default `false`.",
        ),
        optional(
            "anonymous",
            List(&Enum(&["viewer", "ingest"]), 0),
            "What callers without a token may do: `viewer` reads, `ingest` sends events; default `[]`.",
        ),
        optional(
            "suite-api",
            Bool,
            "Answer a subset of VMware's API under `/suite-api`, for scripts that exist; default `false`.",
        ),
        optional("connections", Integer(1, 65_536), "Connections at one time; default `1024`."),
        optional(
            "connections-per-address",
            Integer(1, 65_536),
            "Connections from one address at one time; default `256`.",
        ),
        optional(
            "read-timeout",
            Duration(100),
            "A request has to be whole, and an idle connection used again, within this time; default `30s`.",
        ),
        optional(
            "write-timeout",
            Duration(100),
            "A client that takes nothing of an answer for this long is disconnected; default `30s`.",
        ),
    ],
);

static BADGE: TableSchema = TableSchema::free(
    "badge",
    "[badge]",
    &[optional(
        "formula",
        Enum(&["worst", "share"]),
        "`worst`: by the worst open violation; `share`: 100 - violated / total * 100; default `worst`.",
    )],
);

static RETENTION: TableSchema = TableSchema::free(
    "retention",
    "[retention]",
    &[
        optional("alerts", Duration(1000), "How long cancelled alerts are kept; default `90d`."),
        optional("audit", Duration(1000), "How long entries of the audit log are kept; default `1y`."),
        optional("badges", Duration(1000), "How long the history of badges is kept; default `30d`."),
        optional("size", Size, "Largest size of the store, above which the oldest data is deleted; default `10GiB`."),
    ],
);
