//! Chance that is the same in every run.

/// A small generator, the same in every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// Returns a number below `sides`.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    /// Returns one of some words.
    pub(crate) fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.roll(words.len())]
    }
}

/// What synthetic lines and literals are made of.
pub(crate) const WORDS: [&str; 32] = [
    "accepted",
    "address",
    "authentication",
    "block",
    "closed",
    "connection",
    "container",
    "daemon",
    "deleted",
    "device",
    "disk",
    "failure",
    "file",
    "for",
    "from",
    "handler",
    "image",
    "instance",
    "kernel",
    "level",
    "memory",
    "network",
    "password",
    "port",
    "received",
    "request",
    "server",
    "session",
    "started",
    "status",
    "user",
    "worker",
];
