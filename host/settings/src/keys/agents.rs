//! The keys of agent groups.

use lifesigns_document::{
    TableSchema, TextSchema, ValueError,
    ValueSchema::{self, Bool, Checked, Duration, Enum, Identifier, List, Map, Name, Path, Pattern, Table, Text},
    optional, required,
};
use lifesigns_intake::EventMarker;
use lifesigns_text::visible_word;

static TEXT: ValueSchema = Text;
static FILE_NAMES: ValueSchema = List(&TEXT, 1);

pub(crate) static AGENT_GROUP: TableSchema = TableSchema::free(
    "agent-group",
    "an agent group",
    &[
        required("name", Name, "Unique: small letters, digits and `-`; what `lifesigns agent --group` names."),
        optional("hosts", List(&Pattern, 1), "Only agents on machines of these names; `*` is any run of characters."),
        optional("os", List(&TEXT, 1), "Only agents on these operating systems, such as `linux`."),
        optional("tags", Map(&Identifier, &TEXT), "Only agents that were started with all of these tags."),
        optional("files", List(&Table(&AGENT_FILES), 1), "Files that its agents follow."),
        optional("journal", Bool, "Its agents read the journal of systemd; default `false`."),
        optional("journal-tags", Map(&Identifier, &TEXT), "Fields of events of the journal."),
        optional(
            "metrics",
            Duration(0),
            "How often its agents send load, memory and the like, and facts of their machine; `0s` for never; default `15s`.",
        ),
        optional("liagent", Path, "A `liagent.ini` with further collections, taken as it is."),
    ],
);

static AGENT_FILES: TableSchema = TableSchema::free(
    "agent-files",
    "files of an agent group",
    &[
        required(
            "directory",
            Text,
            "The folder, from the root of the agent's machine; `*` and `?` in its parts are patterns.",
        ),
        optional("name", Name, "Its name, unique in the group; default its number in it, such as `files-1`."),
        optional("include", FILE_NAMES_SCHEMA, "Names of files, with `*` and `?`; default all."),
        optional("exclude", FILE_NAMES_SCHEMA, "Names of files that are left out, with `*` and `?`."),
        optional("tags", Map(&Identifier, &TEXT), "Fields of each event."),
        optional(
            "event-marker",
            Checked(&MARKER),
            "A regular expression: a line that it finds begins an event, any other goes on with the one before.",
        ),
        optional("object", Text, "The object of the events; default the name of the agent."),
        optional(
            "from",
            Enum(&["start", "end"]),
            "Where files are begun that are there when an agent first has this entry; default `start`.",
        ),
    ],
);

const FILE_NAMES_SCHEMA: ValueSchema = ValueSchema::Either(&TEXT, &FILE_NAMES);

static MARKER: TextSchema = TextSchema::new("a regular expression in quotes", |text| match EventMarker::new(text) {
    Ok(_) => Ok(()),
    Err(why) => Err(ValueError::new(
        format!("is no regular expression: {}", visible_word(&why)),
        "write it in single quotes, such as '^\\d{4}-\\d{2}-\\d{2}'",
    )),
});
