//! Agent groups.

use std::collections::{BTreeMap, HashSet};

use lifesigns_api::{AgentConfiguration, AgentGroup, FileCollection, JournalCollection};
use lifesigns_document::{RawEntry, RawNode, read_text};
use lifesigns_intake::{HttpProtocol, SourceKind, SourceSettings};
use lifesigns_model::limits::TEXT_FILE_BYTES;

use super::{
    fields::{owned, texts, unique},
    host::one_or_more,
    reader::Reader,
};
use crate::liagent::{self, Liagent};

/// How often metrics are sent where nothing else is said, in milliseconds.
const METRICS_MS: u64 = 15_000;
/// Most entries of files of one group.
const FILES: usize = 200;

impl Reader<'_, '_> {
    pub(super) fn agent_groups(&mut self, tables: &[RawNode], sources: &[SourceSettings]) -> Vec<AgentGroup> {
        unique("an agent group", tables, self.check);
        let takes_events = sources
            .iter()
            .any(|source| matches!(&source.kind, SourceKind::Http(http) if http.protocol == HttpProtocol::Events));
        if let Some(first) = tables.first().filter(|_| !takes_events) {
            let help = "add `[[source]]` with `http = [\"events\"]`, and a `[server]`".to_owned();
            self.check.error(&first.at, "agents have nowhere to send their events to", Some(help));
        }
        tables.iter().map(|table| self.agent_group(table)).collect()
    }

    fn agent_group(&mut self, table: &RawNode) -> AgentGroup {
        let name = owned(table, "name");
        let nodes = table.list_of("files");
        let mut files: Vec<FileCollection> =
            nodes.iter().enumerate().map(|(index, node)| self.agent_files(node, index + 1)).collect();
        let mut journal = table.flag_of("journal").unwrap_or(false).then(JournalCollection::default);
        if let Some(node) = table.get("journal-tags") {
            let tags = self.tags(table, "journal-tags");
            match &mut journal {
                Some(journal) => journal.tags = tags,
                None => self.check.error(&node.at, "`journal-tags` needs `journal = true` beside it", None),
            }
        }
        if let Some(node) = table.get("liagent")
            && let Some(read) = self.liagent(node)
        {
            files.extend(read.files);
            journal = read.journal.or(journal);
        }
        let mut names = HashSet::new();
        for file in &files {
            if !names.insert(file.name.as_str()) {
                let text = format!("two entries of files in the group {name} have the name \"{}\"", file.name);
                self.check.error(&table.at, text, Some("give each its own `name`".to_owned()));
            }
        }
        if files.len() > FILES {
            let text = format!("the group {name} has {} entries of files, and may have {FILES}", files.len());
            self.check.error(&table.at, text, Some("take them together with patterns".to_owned()));
        }
        let metrics_ms = Some(table.duration_of("metrics").unwrap_or(METRICS_MS)).filter(|ms| *ms > 0);
        let configuration = AgentConfiguration { files, journal, metrics_ms };
        let (hosts, os) = (texts(table.list_of("hosts")), texts(table.list_of("os")));
        AgentGroup { name, hosts, os, tags: pairs(table, "tags"), configuration }
    }

    fn agent_files(&mut self, table: &RawNode, number: usize) -> FileCollection {
        let directory = owned(table, "directory");
        if let Some(node) = table.get("directory").filter(|_| !directory.starts_with('/')) {
            let help = "write it from the root, such as \"/var/log\"".to_owned();
            self.check.error(
                &node.at,
                "the folder is one of the agents' machines, and has no other to begin at",
                Some(help),
            );
        }
        let names = |key| texts(one_or_more(table, key));
        FileCollection {
            name: table.text_of("name").map_or_else(|| format!("files-{number}"), str::to_owned),
            directory,
            include: names("include"),
            exclude: names("exclude"),
            tags: self.tags(table, "tags"),
            event_marker: table.text_of("event-marker").map(str::to_owned),
            object: table.text_of("object").map(str::to_owned),
            from_end: table.text_of("from") == Some("end"),
        }
    }

    /// Returns the tags under a key; their names are those of fields.
    fn tags(&mut self, table: &RawNode, key: &str) -> BTreeMap<String, String> {
        for RawEntry { key, at, .. } in table.entries_of(key) {
            if let Err(why) = liagent::check_tag(key) {
                self.check.error(at, why, None);
            }
        }
        pairs(table, key)
    }

    /// Reads a `liagent.ini`; its mistakes are reported at the key that names it.
    fn liagent(&mut self, node: &RawNode) -> Option<Liagent> {
        let path = self.path(node)?;
        self.files.push(path.clone());
        let shown = path.display().to_string();
        let text = match read_text(&path, TEXT_FILE_BYTES) {
            Ok(text) => text,
            Err(error) => {
                self.check.error(&node.at, format!("{shown}: {error}"), None);
                return None;
            }
        };
        let (read, remarks) = liagent::read(&text);
        for remark in remarks {
            let text = format!("{shown}:{}: {}", remark.line, remark.text);
            if remark.is_mistake {
                self.check.error(&node.at, text, None);
            } else {
                self.warnings.push(text);
            }
        }
        Some(read)
    }
}

fn pairs(table: &RawNode, key: &str) -> BTreeMap<String, String> {
    let entries = table.entries_of(key).iter();
    entries.filter_map(|entry| Some((entry.key.clone(), entry.node.text()?.to_owned()))).collect()
}
