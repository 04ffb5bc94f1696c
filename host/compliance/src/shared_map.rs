//! An ordered map whose copies share their entries: a copy costs nothing, and a change after it costs the few
//! nodes on the way to the entry. So the book can be read as it was while it goes on.

mod node;
#[cfg(test)]
mod tests;

use std::{slice, sync::Arc};

use self::node::{Child, Entry, Inserted, Node};

/// A persistent map from names to values, in the order of the names: a B-tree of shared nodes. A value is cloned
/// when it, or one beside it, changes after a copy was made; values that are large belong in an [`Arc`].
#[derive(Clone, Debug)]
pub(crate) struct SharedMap<V> {
    root: Option<Arc<Node<V>>>,
    len: usize,
}

/// A set of names, see [`SharedMap`].
pub(crate) type SharedSet = SharedMap<()>;

impl<V> Default for SharedMap<V> {
    fn default() -> Self {
        Self { root: None, len: 0 }
    }
}

impl<V> SharedMap<V> {
    /// Returns the number of entries.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there are no entries.
    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns whether there is an entry of this name.
    pub(crate) fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Returns a value.
    pub(crate) fn get(&self, name: &str) -> Option<&V> {
        self.get_key_value(name).map(|(_, value)| value)
    }

    /// Returns the shared name and the value.
    pub(crate) fn get_key_value(&self, name: &str) -> Option<(&Arc<str>, &V)> {
        self.root.as_ref()?.get(name)
    }

    /// Returns all entries, by name.
    pub(crate) fn iter(&self) -> Iter<'_, V> {
        let mut iter = Iter { branches: Vec::new(), leaf: [].iter() };
        if let Some(root) = &self.root {
            iter.descend(root);
        }
        iter
    }

    /// Returns the entries whose names come after `name`.
    pub(crate) fn iter_after(&self, name: &str) -> Iter<'_, V> {
        let mut iter = Iter { branches: Vec::new(), leaf: [].iter() };
        if let Some(root) = &self.root {
            iter.descend_after(root, name);
        }
        iter
    }

    /// Returns all names, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Arc<str>> {
        self.iter().map(|(name, _)| name)
    }

    /// Returns all values, by name.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }
}

impl<V: Clone> SharedMap<V> {
    /// Returns a value to be changed.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        Arc::make_mut(self.root.as_mut()?).get_mut(name)
    }

    /// Returns a value to be changed; it is added if it is not there.
    pub(crate) fn entry_or_default(&mut self, name: &Arc<str>) -> &mut V
    where
        V: Default,
    {
        if !self.contains_key(name) {
            self.insert(Arc::clone(name), V::default());
        }
        match self.get_mut(name) {
            Some(value) => value,
            None => unreachable!("{name} was just added"),
        }
    }

    /// Adds an entry. Returns the value that the name had before; the name stays the one that was there.
    pub(crate) fn insert(&mut self, name: Arc<str>, value: V) -> Option<V> {
        let Some(root) = &mut self.root else {
            self.root = Some(Arc::new(Node::Leaf(vec![(name, value)])));
            self.len = 1;
            return None;
        };
        match Arc::make_mut(root).insert(name, value) {
            Inserted::Replaced(before) => return Some(before),
            Inserted::Added => {}
            Inserted::Split(right) => {
                let left = Arc::clone(root);
                *root = Arc::new(Node::branch(left, right));
            }
        }
        self.len += 1;
        None
    }

    /// Removes an entry.
    pub(crate) fn remove(&mut self, name: &str) -> Option<V> {
        self.remove_entry(name).map(|(_, value)| value)
    }

    /// Removes an entry. Returns the shared name and the value.
    pub(crate) fn remove_entry(&mut self, name: &str) -> Option<(Arc<str>, V)> {
        if !self.contains_key(name) {
            return None;
        }
        let root = self.root.as_mut()?;
        let removed = Arc::make_mut(root).remove(name)?;
        self.len -= 1;
        if let Some(only) = root.only_child() {
            *root = only;
        }
        if self.len == 0 {
            self.root = None;
        }
        Some(removed)
    }

    /// Changes all values, in the order of their names.
    pub(crate) fn for_each_mut(&mut self, mut change: impl FnMut(&Arc<str>, &mut V)) {
        if let Some(root) = &mut self.root {
            Arc::make_mut(root).for_each_mut(&mut change);
        }
    }
}

impl<V: PartialEq> PartialEq for SharedMap<V> {
    /// However the entries are spread over nodes.
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other)
    }
}

impl<'a, V> IntoIterator for &'a SharedMap<V> {
    type Item = (&'a Arc<str>, &'a V);
    type IntoIter = Iter<'a, V>;

    fn into_iter(self) -> Iter<'a, V> {
        self.iter()
    }
}

/// The entries of a map, by name.
pub(crate) struct Iter<'a, V> {
    /// The children that follow, the innermost branch last.
    branches: Vec<slice::Iter<'a, Child<V>>>,
    leaf: slice::Iter<'a, Entry<V>>,
}

impl<'a, V> Iter<'a, V> {
    fn descend(&mut self, mut node: &'a Node<V>) {
        loop {
            match node {
                Node::Leaf(entries) => {
                    self.leaf = entries.iter();
                    return;
                }
                Node::Branch(children) => {
                    let mut children = children.iter();
                    let Some((_, first)) = children.next() else { return };
                    self.branches.push(children);
                    node = first;
                }
            }
        }
    }

    fn descend_after(&mut self, mut node: &'a Node<V>, name: &str) {
        loop {
            match node {
                Node::Leaf(entries) => {
                    let from = entries.partition_point(|(one, _)| **one <= *name);
                    self.leaf = entries[from..].iter();
                    return;
                }
                Node::Branch(children) => {
                    let at = node::child_of(children, name);
                    self.branches.push(children[at + 1..].iter());
                    node = &children[at].1;
                }
            }
        }
    }
}

impl<'a, V> Iterator for Iter<'a, V> {
    type Item = (&'a Arc<str>, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((name, value)) = self.leaf.next() {
                return Some((name, value));
            }
            match self.branches.last_mut()?.next() {
                Some((_, child)) => self.descend(child),
                None => drop(self.branches.pop()),
            }
        }
    }
}
