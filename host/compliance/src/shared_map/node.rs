//! The nodes of a shared map: leaves with entries, branches with children.

use std::{mem, sync::Arc};

/// The most entries of a leaf and children of a branch. A change after a copy clones a node on each level: small
/// nodes are cheaper to clone, and large ones are fewer.
const MOST: usize = 16;
/// A node with fewer is joined with one beside it, if both fit.
const FEW: usize = 5;

/// A name with what it has: a value in a leaf, a child in a branch.
pub(super) type Entry<T> = (Arc<str>, T);
/// A child of a branch.
pub(super) type Child<V> = Entry<Arc<Node<V>>>;

/// A node. The name beside a child, other than the first one, is not greater than the names in the child, and
/// greater than all names before it.
#[derive(Clone, Debug)]
pub(super) enum Node<V> {
    Leaf(Vec<Entry<V>>),
    Branch(Vec<Child<V>>),
}

/// The effect of an insertion on a node.
pub(super) enum Inserted<V> {
    /// The name was there, with this value.
    Replaced(V),
    Added,
    /// The node was full: this one comes after it, from this name on.
    Split(Child<V>),
}

/// Returns which child has a name, if any has it. The name beside the first child is of no account.
pub(super) fn child_of<V>(children: &[Child<V>], name: &str) -> usize {
    children[1..].partition_point(|(first, _)| **first <= *name)
}

impl<V> Node<V> {
    /// Returns the parent of two nodes.
    pub(super) fn branch(left: Arc<Self>, right: Child<V>) -> Self {
        Self::Branch(vec![("".into(), left), right])
    }

    pub(super) fn get(&self, name: &str) -> Option<(&Arc<str>, &V)> {
        let mut node = self;
        loop {
            match node {
                Self::Branch(children) => node = &children[child_of(children, name)].1,
                Self::Leaf(entries) => {
                    let at = position(entries, name).ok()?;
                    return entries.get(at).map(|(name, value)| (name, value));
                }
            }
        }
    }

    /// Returns the child of a branch that has only one.
    pub(super) fn only_child(&self) -> Option<Arc<Self>> {
        match self {
            Self::Branch(children) if children.len() == 1 => Some(Arc::clone(&children[0].1)),
            _ => None,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Leaf(entries) => entries.len(),
            Self::Branch(children) => children.len(),
        }
    }
}

impl<V: Clone> Node<V> {
    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        match self {
            Self::Branch(children) => {
                let at = child_of(children, name);
                Arc::make_mut(&mut children[at].1).get_mut(name)
            }
            Self::Leaf(entries) => {
                let at = position(entries, name).ok()?;
                Some(&mut entries[at].1)
            }
        }
    }

    pub(super) fn insert(&mut self, name: Arc<str>, value: V) -> Inserted<V> {
        match self {
            Self::Leaf(entries) => {
                let at = match position(entries, &name) {
                    Ok(at) => return Inserted::Replaced(mem::replace(&mut entries[at].1, value)),
                    Err(at) => at,
                };
                entries.insert(at, (name, value));
                split(entries, at, Self::Leaf)
            }
            Self::Branch(children) => {
                let at = child_of(children, &name);
                match Arc::make_mut(&mut children[at].1).insert(name, value) {
                    Inserted::Split(right) => children.insert(at + 1, right),
                    inserted => return inserted,
                }
                split(children, at + 1, Self::Branch)
            }
        }
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Entry<V>> {
        match self {
            Self::Leaf(entries) => {
                let at = position(entries, name).ok()?;
                Some(entries.remove(at))
            }
            Self::Branch(children) => {
                let at = child_of(children, name);
                let removed = Arc::make_mut(&mut children[at].1).remove(name)?;
                join(children, at);
                Some(removed)
            }
        }
    }

    pub(super) fn for_each_mut(&mut self, change: &mut impl FnMut(&Arc<str>, &mut V)) {
        match self {
            Self::Leaf(entries) => entries.iter_mut().for_each(|(name, value)| change(name, value)),
            Self::Branch(children) => {
                children.iter_mut().for_each(|(_, child)| Arc::make_mut(child).for_each_mut(change));
            }
        }
    }

    /// Adds what comes after this node and is of the same level.
    fn append(&mut self, after: Child<V>) {
        match (self, Arc::unwrap_or_clone(after.1)) {
            (Self::Leaf(entries), Self::Leaf(mut after)) => entries.append(&mut after),
            (Self::Branch(children), Self::Branch(mut others)) => {
                // The name before the first child was of no account until now.
                if let Some(first) = others.first_mut() {
                    first.0 = after.0;
                }
                children.append(&mut others);
            }
            _ => unreachable!("all leaves are on one level"),
        }
    }
}

fn position<T>(entries: &[Entry<T>], name: &str) -> Result<usize, usize> {
    entries.binary_search_by(|(one, _)| (**one).cmp(name))
}

/// Splits what has become too long by an insertion at `at`. What grows at its end stays full on the left: names
/// often come in order.
fn split<T, V>(all: &mut Vec<Entry<T>>, at: usize, node: fn(Vec<Entry<T>>) -> Node<V>) -> Inserted<V> {
    if all.len() <= MOST {
        return Inserted::Added;
    }
    let middle = if at + 1 == all.len() { at } else { all.len() / 2 };
    let right = all.split_off(middle);
    Inserted::Split((Arc::clone(&right[0].0), Arc::new(node(right))))
}

/// Removes the child at `at` if it is empty, and joins it with one beside it if it has few.
fn join<V: Clone>(children: &mut Vec<Child<V>>, at: usize) {
    let len = children[at].1.len();
    if len == 0 {
        children.remove(at);
        return;
    }
    if len >= FEW {
        return;
    }
    let beside = [at.checked_sub(1), (at + 1 < children.len()).then_some(at)];
    let fits = |left: &usize| children[*left].1.len() + children[*left + 1].1.len() <= MOST;
    if let Some(left) = beside.into_iter().flatten().find(fits) {
        let right = children.remove(left + 1);
        Arc::make_mut(&mut children[left].1).append(right);
    }
}
