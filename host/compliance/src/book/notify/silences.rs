//! The silences that have not ended.

use std::sync::Arc;

use crate::{
    book::lookup::{one_of, unknown},
    change::RequestError,
    record::Alert,
    shared_map::SharedMap,
    silence::Silence,
};

/// Silences that are in force or to come, by id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Silences {
    all: SharedMap<Arc<Silence>>,
}

impl Silences {
    /// Replaces all silences by those that a store kept.
    pub(crate) fn restore(&mut self, silences: Vec<Silence>) {
        self.all = SharedMap::default();
        silences.into_iter().for_each(|silence| self.put(silence));
    }

    /// Returns how many silences there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Returns whether there are no silences.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns the silence of this id.
    pub(crate) fn get(&self, id: &str) -> Option<&Silence> {
        self.all.get(id).map(|silence| &**silence)
    }

    /// Returns the silence of this id, or of this prefix of one.
    pub(crate) fn find(&self, id: &str) -> Result<&Silence, RequestError> {
        let id = one_of("silence", id, self.all.keys().map(|id| &**id))?;
        self.get(id).ok_or_else(|| unknown("silence", id))
    }

    /// Returns all silences, those that end first first.
    pub(crate) fn by_end(&self) -> Vec<Silence> {
        let mut silences: Vec<Silence> = self.all().cloned().collect();
        silences.sort_by(|one, other| (one.until_ns, &one.id).cmp(&(other.until_ns, &other.id)));
        silences
    }

    /// Adds a silence, or puts it in the place of the one with its id.
    pub(crate) fn put(&mut self, silence: Silence) {
        self.all.insert(silence.id.as_str().into(), Arc::new(silence));
    }

    /// Removes a silence.
    pub(crate) fn take(&mut self, id: &str) -> Option<Silence> {
        self.all.remove(id).map(Arc::unwrap_or_clone)
    }

    /// Returns the first silence in force that matches an alert.
    pub(crate) fn silencing(&self, alert: &Alert, wall_ns: u64) -> Option<&Silence> {
        self.all().filter(|silence| silence.is_in_force(wall_ns)).find(|silence| silence.matches(alert))
    }

    /// Returns the host's clock at which the next silence begins or ends.
    pub(crate) fn next_change_ns(&self, wall_ns: u64) -> Option<u64> {
        let change_ns = |silence: &Silence| if silence.from_ns > wall_ns { silence.from_ns } else { silence.until_ns };
        self.all().map(change_ns).min()
    }

    /// Returns the silences whose time is up, with their ends, in the order in which they end.
    pub(crate) fn over(&self, wall_ns: u64) -> Vec<(u64, String)> {
        let over = self.all().filter(|silence| silence.until_ns <= wall_ns);
        let mut over: Vec<(u64, String)> = over.map(|silence| (silence.until_ns, silence.id.clone())).collect();
        over.sort();
        over
    }

    /// Returns the silences in force that began after `from_ns`.
    pub(crate) fn begun(&self, from_ns: u64, wall_ns: u64) -> Vec<Silence> {
        let in_force = self.all().filter(|silence| silence.is_in_force(wall_ns));
        in_force.filter(|silence| from_ns < silence.from_ns).cloned().collect()
    }

    fn all(&self) -> impl Iterator<Item = &Silence> {
        self.all.values().map(|silence| &**silence)
    }
}
