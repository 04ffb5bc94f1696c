//! Groups of objects.

use lifesigns_compliance::{Expression, config::Group};
use lifesigns_document::RawNode;

use super::{
    compliance::ComplianceReader,
    fields::{location, owned, patterns},
};

impl ComplianceReader<'_, '_> {
    pub(super) fn groups(&mut self, tables: &[RawNode]) -> Vec<Group> {
        tables.iter().map(|table| self.group(table)).collect()
    }

    fn group(&mut self, table: &RawNode) -> Group {
        self.known_groups(table.list_of("groups"));
        for node in ["when", "exclude-when"].iter().filter_map(|key| table.get(key)) {
            let reads = node.text().and_then(|text| Expression::compile(text).ok());
            if reads.is_some_and(|expression| !expression.references().thresholds.is_empty()) {
                let help = "write the number here; thresholds belong to alerts".to_owned();
                self.check.error(&node.at, "a group has no `threshold`", Some(help));
            }
        }
        let name = owned(table, "name");
        Group {
            title: table.text_of("title").map_or_else(|| name.clone(), str::to_owned),
            name,
            place: location(self.check, &table.at),
            objects: patterns(table, "objects"),
            when: table.text_of("when").map(str::to_owned),
            groups: table.texts_of("groups"),
            exclude: patterns(table, "exclude"),
            exclude_when: table.text_of("exclude-when").map(str::to_owned),
        }
    }
}
