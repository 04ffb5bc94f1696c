//! What of inventory and configuration cannot be meant so: circles of parents, kinds that no object has,
//! groups without members.

use std::collections::BTreeSet;

use super::Book;

/// How many objects a sentence names.
const NAMED: usize = 5;

impl Book {
    /// A sentence for each.
    pub(super) fn findings(&self) -> Vec<String> {
        let mut all = self.circles();
        if self.registry.objects().next().is_none() {
            return all;
        }
        let kinds: BTreeSet<&str> = self.registry.objects().filter_map(|object| object.kind.as_deref()).collect();
        let config = self.compiled.config();
        for definition in &config.definitions {
            let meant = definition.kinds.iter().any(|kind| kinds.contains(kind.as_str()));
            if !definition.kinds.is_empty() && !meant {
                let there: Vec<&str> = kinds.iter().copied().take(NAMED).collect();
                let there = if there.is_empty() { "none has a kind".to_owned() } else { there.join(", ") };
                all.push(format!(
                    "alert {} is for objects of kind {}, and no object is of one (kinds there are: {there})",
                    definition.name,
                    definition.kinds.join(", ")
                ));
            }
        }
        let empty = config
            .groups
            .iter()
            .filter(|group| self.registry.members(&group.name).is_none_or(std::collections::BTreeSet::is_empty));
        all.extend(empty.map(|group| format!("group {} has no members", group.name)));
        all
    }

    /// Objects that are their own ancestors, a sentence a circle.
    fn circles(&self) -> Vec<String> {
        let mut told: BTreeSet<&str> = BTreeSet::new();
        let mut all = Vec::new();
        for object in self.registry.objects().filter(|object| object.parent.is_some()) {
            if told.contains(object.id.as_str()) || !self.registry.is_own_ancestor(&object.id) {
                continue;
            }
            let above = self.registry.above(&object.id);
            told.extend(above.iter().copied());
            let mut names = vec![object.id.as_str()];
            names.extend(above.iter().copied().take(NAMED));
            names.push(if above.len() > NAMED { "…" } else { object.id.as_str() });
            all.push(format!("parents in a circle: {}; none of them stands for another", names.join(" → ")));
        }
        all
    }
}
