//! The keys of the host itself: rules, inventory, store, sources, engine.

use lifesigns_document::{
    TableSchema,
    ValueSchema::{self, Bytes, Duration, Either, Flag, List, Path, Size, Table, Text, Whole, Word, Yes},
    may, must,
};

use super::{common::TIME_FORMAT, compliance, notifications};

static PATHS: ValueSchema = List(&Path, 0);

/// The whole file.
pub(crate) static ROOT: TableSchema = TableSchema::free(
    "lifesigns",
    "lifesigns.toml",
    &[
        must("rules", Path, "The rules folder, watched."),
        may("inventory", Either(&Path, &PATHS), "Files with objects and facts (TOML, JSON or CSV), watched."),
        may(
            "cache",
            Path,
            "The folder of compiled modules; default `$XDG_CACHE_HOME/lifesigns` or `~/.cache/lifesigns`.",
        ),
        may("store", Path, "The database; default `lifesigns.db` beside the file."),
        may("control", Path, "The control socket; default the store's path with the extension `.sock`."),
        may(
            "reopen",
            Duration(0),
            "An alert that is met again within this long after it was cancelled is reopened; default `10m`.",
        ),
        may(
            "metrics-age",
            Duration(0),
            "A metric is forgotten after this long without a new sample; `0s` for never; default `24h`.",
        ),
        may(
            "inhibit-by-parent",
            Flag,
            "An open alert on a parent suppresses notifications about the same alert on its children; default `true`.",
        ),
        may("output", Table(&OUTPUT), "Where the symptoms that rules raise and clear are written as NDJSON."),
        may(
            "file-mode",
            Word(&["0600", "0640", "0644", "0660", "0664"]),
            "The mode of files that the host creates: the output, receivers' lines, reports; default `0600`.",
        ),
        may(
            "module-folders",
            Either(&Path, &PATHS),
            "Folders outside the rules folder that `module =` and links in it may lead to; default none.",
        ),
        may(
            "rules-memory",
            Size,
            "Memory and machine code of all rules together; a rule that would need more is refused or paused; default `384MiB`.",
        ),
        may("compile", Table(&COMPILE), "Limits on compiling modules."),
        may("engine", Table(&ENGINE), "Threads and limits of the engine."),
        may("badge", Table(&BADGE), "How badges are computed."),
        may("retention", Table(&RETENTION), "How long the store keeps past data."),
        may("outbound", Table(&notifications::OUTBOUND), "Networks to which notifications may be sent."),
        may("source", List(&Table(&SOURCE), 0), "Sources of log lines."),
        may("group", List(&Table(&compliance::GROUP), 0), "Groups of objects."),
        may("policy", List(&Table(&compliance::POLICY), 0), "Policies of groups."),
        may("alert", List(&Table(&compliance::ALERT), 0), "Alert definitions over symptoms and facts."),
        may("receiver", List(&Table(&notifications::RECEIVER), 0), "Receivers of notifications."),
        may(
            "route",
            List(&Table(&notifications::ROUTE), 0),
            "Which receivers are notified of which alerts; tried in order.",
        ),
    ],
);

static OUTPUT: TableSchema = TableSchema::free(
    "output",
    "[output]",
    &[may("file", Path, "A file that is appended to; default standard output.")],
);

static ENGINE: TableSchema = TableSchema::free(
    "engine",
    "[engine]",
    &[
        may("scanners", Whole(1, 1024), "Threads that scan chunks; default half of the cores."),
        may(
            "shards",
            Whole(1, 1024),
            "Threads that run rules, each with objects of its own; default half of the cores.",
        ),
        may(
            "inflight-bytes",
            Bytes(1 << 20, 1 << 40),
            "Bytes between sources and shards, a number or a size such as `64MiB`; sources wait when it is reached; default `64MiB`.",
        ),
        may("pin", Flag, "Pin threads to cores; default `true`."),
        may(
            "rules-cpu-ms-per-s",
            Whole(1, 100_000),
            "CPU that all rules of a shard may use together, beyond 0.1 ms an event, in milliseconds a second; default `500`.",
        ),
        may(
            "rules-state-bytes",
            Bytes(1 << 20, 1 << 40),
            "State of all rules, a number or a size such as `256MiB`; a rule that wants more fails; default `256MiB`.",
        ),
    ],
);

static COMPILE: TableSchema = TableSchema::free(
    "compile",
    "[compile]",
    &[
        may("memory", Size, "Memory of the process that compiles a module; default `512MiB`."),
        may("cpu", Duration(1000), "Processor time that compiling a module may take; default `20s`."),
        may("code", Size, "Machine code that a module may become; default `64MiB`."),
        may("processes", Whole(1, 64), "Modules that are compiled at a time; default 2."),
        may(
            "start-wait",
            Duration(0),
            "How long the start waits for rules that have to be compiled, before sources are read; default `10s`.",
        ),
        may("cache-size", Size, "Largest size of the folder of compiled modules; default `1GiB`."),
    ],
);

static BADGE: TableSchema = TableSchema::free(
    "badge",
    "[badge]",
    &[may(
        "formula",
        Word(&["worst", "share"]),
        "`worst`: by the worst open violation; `share`: 100 - violated / total * 100; default `worst`.",
    )],
);

static RETENTION: TableSchema = TableSchema::free(
    "retention",
    "[retention]",
    &[
        may("alerts", Duration(1000), "How long cancelled alerts are kept; default `90d`."),
        may("audit", Duration(1000), "How long entries of the audit log are kept; default `1y`."),
        may("badges", Duration(1000), "How long the history of badges is kept; default `30d`."),
        may("size", Size, "Largest size of the store, above which the oldest data is deleted; default `10GiB`."),
    ],
);

static SOURCE: TableSchema = TableSchema::free(
    "source",
    "a source",
    &[
        may("file", Path, "A file to read."),
        may("stdin", Yes, "Read standard input, to its end."),
        may("name", Text, "Its name in evidence; default the path."),
        may("format", Word(&["auto", "plain", "syslog", "logfmt", "ndjson"]), "How lines are read; default `auto`."),
        may(
            "time-format",
            Either(&TIME_FORMAT, &List(&TIME_FORMAT, 1)),
            "How times look, such as `%d/%m/%y %H:%M:%S`, or a list of at most 16, tried in order; the shapes that are known are tried after them.",
        ),
        may("object", Text, "The object of lines that name none; default the file's name without its last extension."),
        may("app", Text, "The application of lines that name none."),
        may("follow", Flag, "Follow the file as it grows, through rotation; default `true`."),
        may("from", Word(&["start", "end"]), "Where to begin in a file without a checkpoint; default `start`."),
    ],
)
.one_of(&["file", "stdin"]);
