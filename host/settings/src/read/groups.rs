//! Groups of objects.

use lifesigns_compliance::{Expression, config::Group};

use super::{
    fields::{list, owned, patterns, text, texts},
    reader::{KnownNames, Reader},
};
use crate::raw::RawNode;

impl Reader<'_, '_> {
    pub(super) fn groups(&mut self, tables: &[RawNode], known: &KnownNames) -> Vec<Group> {
        tables.iter().map(|table| self.group(table, known)).collect()
    }

    fn group(&mut self, table: &RawNode, known: &KnownNames) -> Group {
        self.known("group", list(table, "groups"), &known.groups);
        for node in ["when", "exclude-when"].iter().filter_map(|key| table.get(key)) {
            let reads = node.text().and_then(|text| Expression::compile(text).ok());
            if reads.is_some_and(|expression| !expression.references().thresholds.is_empty()) {
                let help = "write the number here; thresholds belong to alerts".to_owned();
                self.check.wrong(&node.at, "a group has no `threshold`", Some(help));
            }
        }
        let name = owned(table, "name");
        Group {
            title: text(table, "title").map_or_else(|| name.clone(), str::to_owned),
            name,
            place: self.place(table),
            objects: patterns(table, "objects"),
            when: text(table, "when").map(str::to_owned),
            groups: texts(table, "groups"),
            exclude: patterns(table, "exclude"),
            exclude_when: text(table, "exclude-when").map(str::to_owned),
        }
    }
}
