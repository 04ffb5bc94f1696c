//! What the policies of an object's groups say about an alert, and which of them wins.

use crate::{compiled::Compiled, config::Policy, directory::Directory, query::Resolution};

impl Compiled {
    /// What is decided about `alert` (a definition's name or `RULE/SYMPTOM`) on `object` at
    /// `clock_ns` of the host's clock.
    pub fn resolve(&self, directory: &Directory, object: &str, alert: &str, clock_ns: u64) -> Resolution {
        let _ = (directory, clock_ns);
        Resolution { object: object.to_owned(), alert: alert.to_owned(), enabled: true, ..Resolution::default() }
    }

    /// Whether policy allows `symptom` (`RULE/SYMPTOM`) on `object`, by its own name. An alert of a
    /// definition is allowed if the definition's name is, or if all its active symptoms are.
    pub fn allows_symptom(&self, directory: &Directory, object: &str, symptom: &str, clock_ns: u64) -> bool {
        self.resolve(directory, object, symptom, clock_ns).allowed
    }

    /// Policies that name `group`, in the order in which they win.
    pub fn policies_in(&self, group: &str) -> Vec<&Policy> {
        let _ = group;
        Vec::new()
    }

    /// When, after `clock_ns`, the set of policies in force changes next; `None` for never.
    pub fn next_hours_change(&self, clock_ns: u64) -> Option<u64> {
        let _ = clock_ns;
        None
    }
}
