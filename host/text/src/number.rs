//! The number at the beginning of a duration or size.

/// Splits the digits at the beginning of `text` from the rest. `None` without a digit, without anything
/// after the digits, or if the number does not fit.
pub(crate) fn leading_number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}
