//! Numbered slots whose copies share them: a tree of small arrays.

use std::{array, mem, sync::Arc};

/// The bits of a slot's number that each level of the tree decides.
const BITS: u32 = 3;
/// The slots of a leaf, and the children of a branch. A change after a copy clones an array on each level.
const WIDTH: usize = 1 << BITS;

/// Slots for values, by number. All are empty at first.
#[derive(Debug)]
pub(super) struct Slots<V> {
    root: Arc<Node<V>>,
    /// The levels of branches.
    height: u32,
}

#[derive(Clone, Debug)]
enum Node<V> {
    Leaf([Option<V>; WIDTH]),
    Branch([Option<Arc<Node<V>>>; WIDTH]),
}

impl<V> Default for Slots<V> {
    fn default() -> Self {
        Self { root: Arc::new(Node::empty(0)), height: 0 }
    }
}

impl<V> Clone for Slots<V> {
    fn clone(&self) -> Self {
        Self { root: Arc::clone(&self.root), height: self.height }
    }
}

impl<V> Node<V> {
    fn empty(height: u32) -> Self {
        if height == 0 { Self::Leaf(array::from_fn(|_| None)) } else { Self::Branch(array::from_fn(|_| None)) }
    }
}

/// Returns which child of a branch, or slot of a leaf, a number is in.
const fn position(slot: u32, height: u32) -> usize {
    (slot >> (height * BITS)) as usize % WIDTH
}

impl<V> Slots<V> {
    /// Returns whether the tree is too low for a slot.
    const fn is_beyond(&self, slot: u32) -> bool {
        let bits = (self.height + 1) * BITS;
        bits < u32::BITS && slot >> bits > 0
    }

    /// Returns the value in a slot.
    pub(super) fn get(&self, slot: u32) -> Option<&V> {
        if self.is_beyond(slot) {
            return None;
        }
        let (mut node, mut height) = (&self.root, self.height);
        loop {
            match &**node {
                Node::Leaf(values) => return values[position(slot, 0)].as_ref(),
                Node::Branch(children) => node = children[position(slot, height)].as_ref()?,
            }
            height -= 1;
        }
    }
}

impl<V: Clone> Slots<V> {
    /// Returns the value in a slot, to be changed.
    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut V> {
        if self.is_beyond(slot) {
            return None;
        }
        let (mut node, mut height) = (&mut self.root, self.height);
        loop {
            match Arc::make_mut(node) {
                Node::Leaf(values) => return values[position(slot, 0)].as_mut(),
                Node::Branch(children) => node = children[position(slot, height)].as_mut()?,
            }
            height -= 1;
        }
    }

    /// Puts a value into a slot, or empties it. Returns the value that was there.
    pub(super) fn replace(&mut self, slot: u32, value: Option<V>) -> Option<V> {
        while self.is_beyond(slot) {
            let mut children = array::from_fn(|_| None);
            children[0] = Some(Arc::clone(&self.root));
            self.root = Arc::new(Node::Branch(children));
            self.height += 1;
        }
        let (mut node, mut height) = (&mut self.root, self.height);
        loop {
            match Arc::make_mut(node) {
                Node::Leaf(values) => return mem::replace(&mut values[position(slot, 0)], value),
                Node::Branch(children) => {
                    let child = &mut children[position(slot, height)];
                    node = child.get_or_insert_with(|| Arc::new(Node::empty(height - 1)));
                }
            }
            height -= 1;
        }
    }
}
