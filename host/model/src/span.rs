//! A piece of a text arena.

/// Offset and length in bytes into some arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First byte; [`Span::NONE`] uses the largest number.
    pub offset: u32,
    /// Length in bytes.
    pub len: u32,
}

impl Span {
    /// There is no value, as opposed to an empty one.
    pub const NONE: Self = Self { offset: u32::MAX, len: 0 };

    /// The span of `text[offset..offset + len]`. Arenas are bounded far below 4 GiB.
    pub const fn new(offset: usize, len: usize) -> Self {
        Self { offset: offset as u32, len: len as u32 }
    }

    /// Whether there is no value.
    pub const fn is_none(self) -> bool {
        self.offset == u32::MAX
    }

    /// The text, or `None` if there is no value.
    #[inline]
    pub fn get(self, arena: &str) -> Option<&str> {
        if self.is_none() { None } else { arena.get(self.offset as usize..(self.offset + self.len) as usize) }
    }

    /// The text; empty if there is no value.
    #[inline]
    pub fn str(self, arena: &str) -> &str {
        self.get(arena).unwrap_or_default()
    }

    /// Appends `piece` to `arena` and returns its span.
    pub fn push(arena: &mut String, piece: &str) -> Self {
        let span = Self::new(arena.len(), piece.len());
        arena.push_str(piece);
        span
    }

    /// The span of `part`, which is a borrow of a part of `whole`, where `whole` starts at
    /// `offset` in its arena. `None` if `part` lies elsewhere.
    pub fn within(part: &str, whole: &str, offset: usize) -> Option<Self> {
        let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
        (start + part.len() <= whole.len()).then(|| Self::new(offset + start, part.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_finds_borrowed_parts_only() {
        let line = String::from("time=1 msg=hello");
        assert_eq!(Span::within(&line[11..], &line, 100), Some(Span::new(111, 5)));
        assert_eq!(Span::within("hello there, a constant elsewhere", &line, 0), None);
        assert_eq!(Span::NONE.get("abc"), None);
        assert_eq!(Span::new(0, 0).get("abc"), Some(""));
    }
}
