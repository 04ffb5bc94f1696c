//! What must be done to get from the rules that run to those of a snapshot. Pure.

use std::{cmp::Ordering, sync::Arc};

use crate::snapshot::{Found, Refusal, Snapshot};

/// What to do; each list is sorted by name, and each name is in one of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Rules that are new.
    pub add: Vec<Arc<Found>>,
    /// Rules that run and are to run differently.
    pub replace: Vec<Arc<Found>>,
    /// Rules that run and are gone or disabled.
    pub remove: Vec<String>,
    /// Rules that go on as they are.
    pub unchanged: Vec<String>,
    /// Rules that run, though their files are refused now: the version that runs stays. The reason
    /// is `None` when the whole folder cannot be read.
    pub keep: Vec<(String, Option<Refusal>)>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.replace.is_empty() && self.remove.is_empty()
    }
}

/// Compares the rules that run, sorted by name, with what a scan found. `running` is what was really
/// loaded, not the last snapshot: a rule whose new version was refused still runs its old one.
pub fn plan(running: &[Arc<Found>], next: &Snapshot) -> Plan {
    debug_assert!(running.is_sorted_by(|a, b| a.name < b.name), "the running rules are sorted by name");
    let mut plan = Plan::default();
    if next.unreadable {
        plan.keep = running.iter().map(|rule| (rule.name.clone(), None)).collect();
        return plan;
    }
    let mut old = running.iter().peekable();
    let mut new = next.rules.iter().filter(|rule| rule.enabled).peekable();
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return plan,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => old.name.cmp(&new.name),
        };
        let old = if order.is_le() { old.next() } else { None };
        let new = if order.is_ge() { new.next() } else { None };
        match (old, new) {
            (Some(old), Some(new)) if Arc::ptr_eq(old, new) || old.runs_like(new) => {
                plan.unchanged.push(new.name.clone());
            }
            (Some(_), Some(new)) => plan.replace.push(new.clone()),
            (None, Some(new)) => plan.add.push(new.clone()),
            (Some(old), None) => match next.refusal(&old.name) {
                // A disabled rule is no refusal, and it is gone.
                Some(refusal) => plan.keep.push((old.name.clone(), Some(refusal.clone()))),
                None => plan.remove.push(old.name.clone()),
            },
            (None, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use lifesigns_model::Limits;
    use proptest::prelude::*;

    use super::*;
    use crate::{Grants, ModuleBytes};

    fn rule(name: &str, module: u8, settings: u8, enabled: bool) -> Arc<Found> {
        Arc::new(Found {
            name: name.into(),
            manifest: None,
            module_path: "m".into(),
            settings_json: format!("{{\"n\":{settings}}}"),
            limits: Limits::default(),
            grants: Grants::default(),
            enabled,
            module: Arc::new(ModuleBytes::new(vec![module])),
        })
    }

    fn names(rules: &[Arc<Found>]) -> Vec<&str> {
        rules.iter().map(|rule| rule.name.as_str()).collect()
    }

    #[test]
    fn each_difference_has_its_list() {
        let running = [rule("a", 0, 0, true), rule("b", 0, 0, true), rule("c", 0, 0, true), rule("d", 0, 0, true)];
        let next = Snapshot {
            rules: vec![rule("a", 0, 0, true), rule("b", 1, 0, true), rule("c", 0, 0, false), rule("e", 0, 0, true)],
            refusals: vec![Refusal::new("d", "d.toml".into(), "broken"), Refusal::new("x", "x.toml".into(), "broken")],
            ..Snapshot::default()
        };
        let plan = plan(&running, &next);
        assert_eq!((names(&plan.add), names(&plan.replace)), (vec!["e"], vec!["b"]));
        assert_eq!((plan.remove, plan.unchanged), (vec!["c".to_owned()], vec!["a".to_owned()]));
        assert_eq!(plan.keep, [("d".to_owned(), Some(next.refusals[0].clone()))]);
    }

    #[test]
    fn an_unreadable_folder_keeps_everything_and_a_missing_one_nothing() {
        let running = [rule("a", 0, 0, true)];
        let unreadable = Snapshot { unreadable: true, ..Snapshot::default() };
        assert_eq!(plan(&running, &unreadable).keep, [("a".to_owned(), None)]);
        assert_eq!(plan(&running, &Snapshot::default()).remove, ["a"]);
    }

    #[test]
    fn limits_and_grants_count_as_changes() {
        let old = rule("a", 0, 0, true);
        let grants = Grants { state: false, log: true };
        let limits = Limits { deadline_ms: 1, ..Limits::default() };
        for new in [Found { grants, ..(*old).clone() }, Found { limits, ..(*old).clone() }] {
            let next = Snapshot { rules: vec![Arc::new(new)], ..Snapshot::default() };
            assert_eq!(plan(std::slice::from_ref(&old), &next).replace.len(), 1);
        }
    }

    type Rules = BTreeMap<String, (u8, u8, bool)>;

    fn some_rules() -> impl Strategy<Value = Rules> {
        proptest::collection::btree_map("[a-f]", (0_u8..2, 0_u8..2, any::<bool>()), 0..6)
    }

    fn list(rules: &Rules) -> Vec<Arc<Found>> {
        rules.iter().map(|(name, (module, settings, enabled))| rule(name, *module, *settings, *enabled)).collect()
    }

    proptest! {
        /// Carrying out the plan gives what the snapshot wants, and a second plan has nothing to do.
        #[test]
        fn a_plan_leads_to_the_snapshot(old in some_rules(), new in some_rules(), refused in proptest::collection::btree_set("[a-f]", 0..3)) {
            let running: Vec<_> = list(&old).into_iter().filter(|rule| rule.enabled).collect();
            let rules: Vec<_> = list(&new).into_iter().filter(|rule| !refused.contains(&rule.name)).collect();
            let refusals = refused.iter().map(|name| Refusal::new(name, "x".into(), "broken")).collect();
            let next = Snapshot { rules, refusals, ..Snapshot::default() };
            let plan = plan(&running, &next);

            let mut after: BTreeMap<String, Arc<Found>> =
                running.iter().map(|rule| (rule.name.clone(), rule.clone())).collect();
            for rule in &plan.add {
                prop_assert!(after.insert(rule.name.clone(), rule.clone()).is_none());
            }
            for rule in &plan.replace {
                let old = after.insert(rule.name.clone(), rule.clone());
                prop_assert!(old.is_some_and(|old| !old.runs_like(rule)));
            }
            for name in &plan.remove {
                prop_assert!(after.remove(name).is_some());
            }
            let wanted: BTreeSet<&str> =
                next.rules.iter().filter(|rule| rule.enabled).map(|rule| rule.name.as_str()).collect();
            let kept: BTreeSet<&str> = plan.keep.iter().map(|(name, _)| name.as_str()).collect();
            prop_assert!(kept.iter().all(|name| refused.contains(*name)));
            let have: BTreeSet<&str> = after.keys().map(String::as_str).collect();
            prop_assert_eq!(&have, &wanted.union(&kept).copied().collect());
            for rule in next.rules.iter().filter(|rule| rule.enabled) {
                prop_assert!(after[&rule.name].runs_like(rule));
            }
            let again: Vec<_> = after.into_values().collect();
            prop_assert!(super::plan(&again, &next).is_empty());
        }
    }
}
