//! What surrounds a text that is decoded: how far it is trusted, and how many lines may still be opened
//! inside it.

use super::reference::Reference;

/// How many lines are opened inside each other: a shipper's JSON, a container's JSON log, a syslog
/// header, and its content.
const DEPTH: u8 = 5;

/// What surrounds a text: decides how far it is trusted and how it is read.
#[derive(Clone, Copy)]
pub(crate) struct Context<'c> {
    /// For times without a year.
    pub(crate) reference: Reference<'c>,
    trust: Trust,
    /// How many more lines may be opened inside this one.
    left: u8,
    /// The text is part of the raw line, unchanged.
    verbatim: bool,
    /// The text is what a relay passed on: its header may name the object.
    relayed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// It is the line.
    Line,
    /// It is the message of a syslog line: it may carry facts.
    Syslog,
    /// It is what a program wrote and something else wrapped: it may neither carry facts nor name its
    /// object.
    Log,
}

impl<'c> Context<'c> {
    /// Returns the context of the line itself.
    pub(crate) const fn line(reference: Reference<'c>) -> Self {
        Self { reference, trust: Trust::Line, left: DEPTH, verbatim: true, relayed: false }
    }

    /// Inside a syslog line, which names its program unless it was `relayed`.
    pub(crate) fn syslog(self, relayed: bool) -> Self {
        let trust = if self.trust == Trust::Log { Trust::Log } else { Trust::Syslog };
        Self { trust, relayed, left: self.left.saturating_sub(1), ..self }
    }

    /// Inside a JSON log or behind a prefix.
    pub(crate) const fn log(self) -> Self {
        Self { trust: Trust::Log, relayed: false, left: self.left.saturating_sub(1), ..self }
    }

    /// Behind a mark that says nothing about who wrote what follows.
    pub(crate) const fn same(self) -> Self {
        Self { left: self.left.saturating_sub(1), ..self }
    }

    /// For a copy of the text, in which escapes were resolved.
    pub(crate) const fn copied(self) -> Self {
        Self { verbatim: false, ..self }
    }

    /// Whether no further line may be opened here.
    pub(crate) const fn is_exhausted(self) -> bool {
        self.left == 0
    }

    pub(crate) fn is_line(self) -> bool {
        self.trust == Trust::Line
    }

    pub(crate) const fn is_verbatim(self) -> bool {
        self.verbatim
    }

    pub(crate) fn may_say_facts(self) -> bool {
        self.trust != Trust::Log
    }

    pub(crate) fn may_name_object(self) -> bool {
        self.trust != Trust::Log
    }

    /// Whether a syslog header here may name the object.
    pub(crate) fn header_names_object(self) -> bool {
        self.is_line() || (self.relayed && self.may_name_object())
    }
}
