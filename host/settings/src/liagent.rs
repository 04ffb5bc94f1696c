//! `liagent.ini`, the configuration of VMware's agent, as people have it: what this agent can do of it becomes
//! collections, what it cannot is said with its line.

mod tags;

use std::collections::{BTreeMap, HashMap};

use lifesigns_api::{FileCollection, JournalCollection};
use lifesigns_intake::EventMarker;
use lifesigns_text::{suggestion, visible_word};

pub(crate) use tags::check_tag;

/// Most remarks on one file.
const REMARKS: usize = 100;
/// Keys of sections that collect, and that are used.
const KEYS: [&str; 8] = ["directory", "include", "exclude", "tags", "event_marker", "parser", "enabled", "charset"];
/// Keys that VMware's agent knows and that need nothing here.
const OTHER_KEYS: [&str; 8] = [
    "exclude_fields",
    "include_fields",
    "raw_syslog",
    "whitelist",
    "blacklist",
    "journal_source",
    "journal_unit",
    "max_depth",
];
/// Sections of VMware's agent about itself.
const OTHER_SECTIONS: [&str; 9] =
    ["server", "storage", "logging", "update", "agent", "winlog", "parser", "common", "filelog"];

/// What a file asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Liagent {
    pub(crate) files: Vec<FileCollection>,
    pub(crate) journal: Option<JournalCollection>,
}

/// A mistake, or something that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remark {
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) is_mistake: bool,
}

/// A section as it is written.
#[derive(Debug)]
struct Section<'t> {
    kind: String,
    name: &'t str,
    line: usize,
    entries: Vec<(usize, String, &'t str)>,
}

/// Reads a file. What is wrong is left out, and remarked on.
pub(crate) fn read(text: &str) -> (Liagent, Vec<Remark>) {
    let mut reader = IniReader::default();
    let sections = reader.sections(text.strip_prefix('\u{feff}').unwrap_or(text));
    let common = reader.common(&sections);
    let mut seen: HashMap<(&str, &str), usize> = HashMap::new();
    let mut read = Liagent::default();
    for section in &sections {
        if let Some(first) = seen.insert((&section.kind, section.name), section.line) {
            let shown = visible_word(section.name);
            reader.mistake(
                section.line,
                format!("[{}|{shown}] stands in line {first} already; name it otherwise", section.kind),
            );
            continue;
        }
        match section.kind.as_str() {
            "filelog" => read.files.extend(reader.file_log(section, &common)),
            "journaldlog" => {
                if let Some(tags) = reader.journal(section, &common) {
                    read.journal.get_or_insert_default().tags.extend(tags);
                }
            }
            "common" => {}
            kind => reader.other_section(section.line, kind),
        }
    }
    reader.remarks.sort_by_key(|remark| remark.line);
    (read, reader.remarks)
}

/// Tags of sections of each kind.
type CommonTags = BTreeMap<&'static str, BTreeMap<String, String>>;

#[derive(Default)]
struct IniReader {
    remarks: Vec<Remark>,
}

impl IniReader {
    fn remark(&mut self, line: usize, text: String, is_mistake: bool) {
        if self.remarks.len() < REMARKS {
            self.remarks.push(Remark { line, text, is_mistake });
        }
    }

    fn mistake(&mut self, line: usize, text: impl Into<String>) {
        self.remark(line, text.into(), true);
    }

    fn warning(&mut self, line: usize, text: impl Into<String>) {
        self.remark(line, text.into(), false);
    }

    fn sections<'t>(&mut self, text: &'t str) -> Vec<Section<'t>> {
        let mut sections: Vec<Section<'t>> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let (number, line) = (index + 1, line.trim());
            if line.is_empty() || line.starts_with([';', '#']) {
                continue;
            }
            if let Some(head) = line.strip_prefix('[') {
                let Some(head) = head.strip_suffix(']') else {
                    self.mistake(number, "the section does not end; write it as [filelog|NAME]");
                    continue;
                };
                let (kind, name) = head.split_once('|').unwrap_or((head, ""));
                let kind = kind.trim().to_ascii_lowercase();
                sections.push(Section { kind, name: name.trim(), line: number, entries: Vec::new() });
                continue;
            }
            let Some((key, value)) = line.split_once('=') else {
                self.mistake(number, format!("\"{}\" is neither KEY=VALUE nor a [SECTION]", visible_word(line)));
                continue;
            };
            match sections.last_mut() {
                Some(section) => section.entries.push((number, key.trim().to_ascii_lowercase(), value.trim())),
                None => self.mistake(number, "it stands before the first section; write [filelog|NAME] above it"),
            }
        }
        sections
    }

    /// Returns the tags of `[common|global]`, and those that are only for files or for the journal.
    fn common(&mut self, sections: &[Section<'_>]) -> CommonTags {
        let mut all = CommonTags::new();
        for section in sections.iter().filter(|section| section.kind == "common") {
            let kinds: &[&'static str] = match section.name {
                "global" | "" => &["filelog", "journaldlog"],
                "filelog" => &["filelog"],
                "journaldlog" => &["journaldlog"],
                name => {
                    let text = format!(
                        "[common|{}] is not used; there are global, filelog and journaldlog",
                        visible_word(name)
                    );
                    self.warning(section.line, text);
                    continue;
                }
            };
            for (line, key, value) in &section.entries {
                if key != "tags" {
                    self.unused_key(*line, key);
                    continue;
                }
                let tags = self.tags(*line, value);
                for kind in kinds {
                    all.entry(kind).or_default().extend(tags.clone());
                }
            }
        }
        all
    }

    fn file_log(&mut self, section: &Section<'_>, common: &CommonTags) -> Option<FileCollection> {
        if section.name.is_empty() {
            self.mistake(section.line, "the section has no name; write [filelog|NAME]");
            return None;
        }
        let mut files = FileCollection {
            name: section.name.to_owned(),
            tags: common.get("filelog").cloned().unwrap_or_default(),
            ..FileCollection::default()
        };
        let mut is_enabled = true;
        for (line, key, value) in &section.entries {
            let (line, value) = (*line, unquoted(value));
            match key.as_str() {
                "directory" => files.directory = self.directory(line, value),
                "include" => files.include = masks(value),
                "exclude" => files.exclude = masks(value),
                "tags" => files.tags.extend(self.tags(line, value)),
                "event_marker" => match EventMarker::new(value) {
                    Ok(_) => files.event_marker = Some(value.to_owned()),
                    Err(why) => {
                        let why = visible_word(&why);
                        self.mistake(
                            line,
                            format!("event_marker is no regular expression: {why}; write it as ^\\d{{4}}-\\d{{2}}"),
                        );
                    }
                },
                "enabled" => is_enabled = self.flag(line, value),
                "parser" => self.warning(line, "parser is not used: what a line is shows by itself (docs/formats.md)"),
                "charset" => self.warning(line, "charset is not used: UTF-8 and UTF-16 show by themselves"),
                _ => self.unused_key(line, key),
            }
        }
        if files.directory.is_empty() {
            if !section.entries.iter().any(|(_, key, _)| key == "directory") {
                self.mistake(section.line, "the section has no directory; write directory=/var/log");
            }
            return None;
        }
        Some(files).filter(|_| is_enabled)
    }

    fn journal(&mut self, section: &Section<'_>, common: &CommonTags) -> Option<BTreeMap<String, String>> {
        let mut tags = common.get("journaldlog").cloned().unwrap_or_default();
        let mut is_enabled = true;
        for (line, key, value) in &section.entries {
            match key.as_str() {
                "tags" => tags.extend(self.tags(*line, value)),
                "enabled" => is_enabled = self.flag(*line, value),
                _ => self.unused_key(*line, key),
            }
        }
        Some(tags).filter(|_| is_enabled)
    }

    fn directory(&mut self, line: usize, value: &str) -> String {
        if value.starts_with('/') {
            return value.trim_end_matches('/').to_owned() + if value.chars().all(|it| it == '/') { "/" } else { "" };
        }
        self.mistake(line, format!("\"{}\" is no folder from the root; write directory=/var/log", visible_word(value)));
        String::new()
    }

    fn flag(&mut self, line: usize, value: &str) -> bool {
        match value.to_ascii_lowercase().as_str() {
            "yes" | "true" | "1" => true,
            "no" | "false" | "0" => false,
            _ => {
                self.mistake(line, format!("\"{}\" is neither yes nor no", visible_word(value)));
                true
            }
        }
    }

    fn tags(&mut self, line: usize, value: &str) -> BTreeMap<String, String> {
        tags::read(value).unwrap_or_else(|why| {
            self.mistake(line, why);
            BTreeMap::new()
        })
    }

    fn unused_key(&mut self, line: usize, key: &str) {
        if OTHER_KEYS.contains(&key) {
            self.warning(line, format!("{key} is not used"));
        } else {
            let meant = suggestion(key, KEYS);
            self.warning(line, format!("{} is not known, and not used{meant}", visible_word(key)));
        }
    }

    fn other_section(&mut self, line: usize, kind: &str) {
        let why = match kind {
            "winlog" => "is for Windows",
            kind if OTHER_SECTIONS.contains(&kind) => "is about VMware's own agent",
            _ => "is not known",
        };
        self.warning(line, format!("[{}] {why}, and not used", visible_word(kind)));
    }
}

/// Returns a value without quotes around it.
fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

/// Returns masks of names: `*.log;*.txt`.
fn masks(value: &str) -> Vec<String> {
    let all = value.split([';', '|']).map(str::trim).filter(|mask| !mask.is_empty());
    all.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::{fmt::Write as _, fs};

    use super::*;

    /// Files of `tests/liagent` with what they come to. `LIFESIGNS_BLESS=1` records it.
    #[test]
    fn files_become_collections_and_remarks() {
        let mut cases: Vec<_> =
            fs::read_dir("tests/liagent").expect("a folder").flatten().map(|it| it.path()).collect();
        cases.retain(|path| path.extension().is_some_and(|extension| extension == "ini"));
        cases.sort();
        assert!(cases.len() > 3);
        for path in cases {
            let text = String::from_utf8_lossy(&fs::read(&path).expect("it is there")).into_owned();
            let (read, remarks) = read(&text);
            let mut shown = format!("{read:#?}\n");
            for Remark { line, text, is_mistake } in remarks {
                let kind = if is_mistake { "mistake" } else { "warning" };
                let _ = writeln!(shown, "{line}: {kind}: {text}");
            }
            let expected = path.with_extension("txt");
            if std::env::var_os("LIFESIGNS_BLESS").is_some() {
                fs::write(&expected, &shown).expect("it is written");
            }
            assert_eq!(shown, fs::read_to_string(&expected).unwrap_or_default(), "{}", path.display());
        }
    }
}
