//! The keys of sources.

use lifesigns_document::{
    TableSchema, TextSchema, ValueError,
    ValueSchema::{Bool, Bytes, Checked, Duration, Either, Enum, Integer, List, Path, Table, Text, True},
    optional, required,
};
use lifesigns_intake::{HttpProtocol, SyslogAddress, SyslogLimits};
use lifesigns_text::visible_word;

use super::common::TIME_FORMAT;

pub(crate) static SOURCE: TableSchema = TableSchema::free(
    "source",
    "a source",
    &[
        optional("file", Path, "A file to read."),
        optional("stdin", True, "Read standard input, to its end."),
        optional(
            "syslog",
            Checked(&SYSLOG),
            "Receive syslog here: `udp://ADDRESS:PORT`, `tcp://ADDRESS:PORT`, `tls://ADDRESS:PORT`, `unix://PATH` or `unixgram://PATH`.",
        ),
        optional(
            "http",
            Either(&True, &List(&Enum(&HttpProtocol::NAMES), 1)),
            "Take events over HTTP where `[server]` listens, in all protocols or in these; each is a source of its own, `NAME/PROTOCOL`.",
        ),
        optional("host", True, "Read load, memory and the like of this machine, as facts of its object."),
        optional(
            "docker",
            Checked(&DOCKER),
            "Read the events of Docker's Engine at this socket, such as `unix:///var/run/docker.sock`.",
        ),
        optional(
            "container-logs",
            Bool,
            "Read what containers write, too, of Docker: a source of its own, `NAME/logs`; `format` is that of their lines, default `auto`; default `false`.",
        ),
        optional("journald", True, "Read the journal of systemd, by `journalctl`."),
        optional("name", Text, "Its name in evidence; default the path or address."),
        optional("format", Enum(&["auto", "plain", "syslog", "logfmt", "ndjson"]), "How lines are read; default `auto`, of syslog `syslog`, of Docker and the journal `ndjson`."),
        optional(
            "time-format",
            Either(&TIME_FORMAT, &List(&TIME_FORMAT, 1)),
            "How times look, such as `%d/%m/%y %H:%M:%S`, or a list of at most 16, tried in order; the shapes that are known are tried after them.",
        ),
        optional("object", Text, "The object of lines that name none; default the file's name without its last extension, of syslog the address of its sender, of everything else this machine's name."),
        optional("app", Text, "The application of lines that name none."),
        optional("follow", Bool, "Follow the file as it grows, through rotation; default `true`."),
        optional("from", Enum(&["start", "end"]), "Where to begin without a checkpoint; default `start`, of Docker and the journal `end`."),
        optional(
            "mode",
            Enum(&["0600", "0620", "0660", "0666"]),
            "The mode of the Unix socket that syslog is received at; default `0660`.",
        ),
        optional(
            "metrics",
            List(&Text, 1),
            "Samples that become facts, of Prometheus and OTLP: names in which `*` stands for any text; default those without labels of their own.",
        ),
        optional("metric-object", Text, "The label of Prometheus that names the object of a sample; default `instance`, without its port."),
        optional("every", Duration(1000), "How often the metrics of this machine are read; default `15s`."),
        optional("tls", Table(&TLS), "The certificate of a listener by TLS, and who its clients are."),
        optional("limits", Table(&LIMITS), "What is taken of those that send syslog."),
    ],
)
.one_of(&["file", "stdin", "syslog", "http", "host", "docker", "journald"]);

static DOCKER: TextSchema =
    TextSchema::new("the address of a socket in quotes, such as \"unix:///var/run/docker.sock\"", |text| {
        match text.strip_prefix("unix://").filter(|path| !path.is_empty()) {
            Some(_) => Ok(()),
            None => Err(ValueError::new(
                format!("cannot be \"{}\"", visible_word(text)),
                "write `unix://` and the path of the daemon's socket",
            )),
        }
    })
    .pattern("^unix://.+$");

static TLS: TableSchema = TableSchema::free(
    "source-tls",
    "`tls` of a source",
    &[
        required(
            "certificate",
            Path,
            "A PEM file: the certificate, then those between it and its CA; read again when it changes.",
        ),
        required("key", Path, "A PEM file with its private key."),
        optional(
            "client-ca",
            Path,
            "A PEM file with the CAs of clients: only those with a certificate of one of them are served; default all are.",
        ),
    ],
);

static LIMITS: TableSchema = TableSchema::free(
    "source-limits",
    "`limits` of a source",
    &[
        optional("connections", Integer(1, 1_000_000), "Connections at a time; default 10000."),
        optional(
            "connections-per-peer",
            Integer(1, 1_000_000),
            "Connections of one IPv4 address, or of one /64 network of IPv6; default 1000.",
        ),
        optional("idle", Duration(1000), "A connection on which nothing comes for this long is closed; default `1d`."),
        optional(
            "line",
            Bytes(480, SyslogLimits::LINE_BYTES_MAX as i64),
            "Longest line, a number of bytes or a size such as `16KiB`; longer ones are cut; default `32KiB`.",
        ),
    ],
);

static SYSLOG: TextSchema = TextSchema::new("an address in quotes, such as \"udp://127.0.0.1:5514\"", |text| {
    match text.parse::<SyslogAddress>() {
        Ok(_) => Ok(()),
        Err(why) => Err(ValueError::new(format!("cannot be \"{}\": {}", visible_word(text), why.what), why.help)),
    }
})
.pattern("^((udp|tcp|tls)://([0-9.]+|localhost|\\[[0-9a-fA-F:.]+\\])(:[0-9]{1,5})?/?|unix(gram)?://.+)$");
