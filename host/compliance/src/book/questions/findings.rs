//! Parts of inventory and configuration that are probably mistakes: cycles of parents, kinds that no object has,
//! groups without members.

use std::collections::BTreeSet;

use crate::{book::view::BookView, config::AlertDefinition};

/// How many objects a sentence names.
const NAMED: usize = 5;

/// Returns a sentence for each.
pub(crate) fn findings(view: &BookView) -> Vec<String> {
    let mut all = cycles(view);
    if view.registry.objects().iter().next().is_none() {
        return all;
    }
    let kinds: BTreeSet<&str> = view.registry.objects().iter().filter_map(|object| object.kind.as_deref()).collect();
    for definition in &view.config().definitions {
        let has_objects = definition.kinds.iter().any(|kind| kinds.contains(kind.as_str()));
        if !definition.kinds.is_empty() && !has_objects {
            all.push(without_objects(definition, &kinds));
        }
    }
    for group in &view.config().groups {
        if view.registry.groups().member_count(&group.name) == 0 {
            all.push(format!("group {} has no members", group.name));
        }
    }
    all
}

fn without_objects(definition: &AlertDefinition, kinds: &BTreeSet<&str>) -> String {
    let known: Vec<&str> = kinds.iter().copied().take(NAMED).collect();
    let known = if known.is_empty() { "none has a kind".to_owned() } else { known.join(", ") };
    let (name, meant) = (&definition.name, definition.kinds.join(", "));
    format!("alert {name} is for objects of kind {meant}, and no object is of one (kinds there are: {known})")
}

/// Returns a sentence for each cycle of objects that are their own ancestors.
fn cycles(view: &BookView) -> Vec<String> {
    let mut named: BTreeSet<&str> = BTreeSet::new();
    let mut all = Vec::new();
    for object in view.registry.objects().iter().filter(|object| object.parent.is_some()) {
        if named.contains(object.id.as_str()) || !view.registry.objects().is_own_ancestor(&object.id) {
            continue;
        }
        let above = view.registry.objects().ancestors(&object.id);
        named.extend(above.iter().copied());
        let mut names = vec![object.id.as_str()];
        names.extend(above.iter().copied().take(NAMED));
        names.push(if above.len() > NAMED { "…" } else { object.id.as_str() });
        all.push(format!("parents in a circle: {}; none of them stands for another", names.join(" → ")));
    }
    all
}
