//! The parts of a time, and the items of a description that read them.

use lifesigns_model::Clock;

use super::{time, zone};

/// The longest description of a time, in bytes.
const DESCRIPTION_BYTES: usize = 128;

const DAY_S: i64 = 86_400;
const WEEKDAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];

/// Why a text describes no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeFormatError {
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// It is longer than 128 bytes.
    #[error("it is longer than {DESCRIPTION_BYTES} bytes")]
    TooLong,
    /// A percent sign ends it.
    #[error("it ends with `%`; write `%%` for a percent sign")]
    Unfinished,
    /// A letter is not known.
    #[error(
        "`%{0}` is not known; known are %Y %y %m %b %d %e %j %H %I %p %M %S %f %L %z %Z %s %a %F %T %D %R and %% (%.f is a fraction that may be missing)"
    )]
    Unknown(char),
    /// A part of a time is there twice.
    #[error("it says the {0} twice")]
    Twice(&'static str),
    /// A part of a time is missing.
    #[error("it does not say the {0}")]
    Missing(&'static str),
}

/// A piece of a compiled description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A byte that must be there.
    Literal(u8),
    /// One space or more.
    Space,
    Number(Number),
    Month,
    Weekday,
    /// `AM` or `PM`.
    HalfDay,
    /// Digits of a second's fraction.
    Fraction,
    /// A point or comma and such digits, or nothing.
    OptionalFraction,
    /// `Z`, `+hh:mm` or `+hhmm`.
    Offset,
    /// `UTC` and its likes.
    ZoneName,
}

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Year,
    ShortYear,
    Month,
    Day,
    DayOfYear,
    Hour,
    HalfHour,
    Minute,
    Second,
    /// Thousandths of a second, as a number: `:7` is 7 ms.
    Millisecond,
    Epoch,
}

/// What was read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parts {
    year: Option<u32>,
    month: u32,
    day: u32,
    day_of_year: Option<u32>,
    hour: u32,
    is_afternoon: Option<bool>,
    minute: u32,
    second: u32,
    nanos: u32,
    east_s: i64,
    epoch_s: Option<u64>,
    /// The zone's name means several.
    pub(super) is_vague: bool,
}

impl Parts {
    /// Returns nanoseconds since the Unix epoch: `None` if there is no such time, `Some(None)` if a `u64` cannot say it.
    #[allow(clippy::option_option)]
    pub(super) fn resolve(&self, clock: &dyn Clock) -> Option<Option<u64>> {
        if let Some(epoch_s) = self.epoch_s {
            return Some(i64::try_from(epoch_s).ok().and_then(|seconds| time::nanoseconds(seconds, self.nanos)));
        }
        let hour = match self.is_afternoon {
            None => self.hour,
            Some(_) if !(1..=12).contains(&self.hour) => return None,
            Some(is_afternoon) => self.hour % 12 + if is_afternoon { 12 } else { 0 },
        };
        if hour > 23 || self.minute > 59 || self.second > 60 {
            return None;
        }
        let seconds = i64::from(hour * 3600 + self.minute * 60 + self.second) - self.east_s;
        let days = match (self.year, self.day_of_year) {
            (Some(year), Some(day)) => {
                let first = time::days(year, 1, 1)?;
                let next = time::days(year + 1, 1, 1)?;
                let days = first + i64::from(day) - 1;
                if day == 0 || days >= next {
                    return None;
                }
                days
            }
            (Some(year), None) => time::days(year, self.month, self.day)?,
            (None, _) => {
                // In a leap year every day exists.
                time::days(2000, self.month, self.day)?;
                let latest = time::latest(self.month, self.day, seconds, clock);
                return Some(latest.and_then(|seconds| time::nanoseconds(seconds, self.nanos)));
            }
        };
        Some(time::nanoseconds(days * DAY_S + seconds, self.nanos))
    }
}

impl Number {
    /// The most digits, and whether as many must be there.
    const fn digits(self) -> (usize, bool) {
        match self {
            Self::Year => (4, true),
            Self::ShortYear => (2, true),
            Self::DayOfYear | Self::Millisecond => (3, false),
            Self::Epoch => (12, false),
            _ => (2, false),
        }
    }

    const fn part(self) -> &'static str {
        match self {
            Self::Year | Self::ShortYear => "year",
            Self::Month => "month",
            Self::Day => "day",
            Self::DayOfYear => "day of the year",
            Self::Hour | Self::HalfHour => "hour",
            Self::Minute => "minute",
            Self::Second => "second",
            Self::Millisecond => "fraction",
            Self::Epoch => "epoch",
        }
    }

    fn put(self, number: u64, parts: &mut Parts) {
        // At most four digits, but for an epoch.
        let small = number as u32;
        match self {
            Self::Year => parts.year = Some(small),
            Self::ShortYear => parts.year = Some(if small < 70 { 2000 + small } else { 1900 + small }),
            Self::Month => parts.month = small,
            Self::Day => parts.day = small,
            Self::DayOfYear => parts.day_of_year = Some(small),
            Self::Hour | Self::HalfHour => parts.hour = small,
            Self::Minute => parts.minute = small,
            Self::Second => parts.second = small,
            Self::Millisecond => parts.nanos = small * 1_000_000,
            Self::Epoch => parts.epoch_s = Some(number),
        }
    }
}

impl Item {
    /// Reads what it describes at `at` and returns where that ends.
    pub(super) fn read(self, bytes: &[u8], at: usize, parts: &mut Parts) -> Option<usize> {
        let rest = bytes.get(at..)?;
        match self {
            Self::Literal(byte) => (rest.first() == Some(&byte)).then_some(at + 1),
            Self::Space => {
                let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
                (spaces > 0).then_some(at + spaces)
            }
            Self::Number(number) => {
                // Padded with a space: `%e`, and days that are written so under `%d`.
                let padded = number == Number::Day && rest.first() == Some(&b' ');
                let rest = &rest[usize::from(padded)..];
                let (most, all) = number.digits();
                let most = if padded { 1 } else { most };
                let len = rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
                if len == 0 || (all && len < most) {
                    return None;
                }
                let value = rest[..len].iter().fold(0, |value: u64, digit| value * 10 + u64::from(digit - b'0'));
                number.put(value, parts);
                Some(at + usize::from(padded) + len)
            }
            Self::Month => {
                parts.month = time::month(rest)?;
                Some(at + 3)
            }
            Self::Weekday => WEEKDAYS.iter().any(|day| rest.starts_with(*day)).then_some(at + 3),
            Self::HalfDay => {
                let letters = rest.get(..2)?;
                parts.is_afternoon = Some(letters[0].eq_ignore_ascii_case(&b'p'));
                let fits = matches!(letters[0], b'a' | b'A' | b'p' | b'P') && letters[1].eq_ignore_ascii_case(&b'm');
                fits.then_some(at + 2)
            }
            Self::Fraction => {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                parts.nanos = nanos(&rest[..digits]);
                (digits > 0).then_some(at + digits)
            }
            Self::OptionalFraction => {
                let (nanos, end) = time::fraction(bytes, at);
                parts.nanos = nanos;
                Some(end)
            }
            Self::Offset => {
                let (east_s, end) = time::zone(bytes, at).filter(|_| rest.first() != Some(&b' '))?;
                parts.east_s = east_s;
                Some(end)
            }
            Self::ZoneName => {
                let named = zone::named(bytes, at)?;
                (parts.east_s, parts.is_vague) = (named.east_s, named.vague);
                Some(named.end)
            }
        }
    }

    const fn part(self) -> Option<&'static str> {
        match self {
            Self::Literal(_) | Self::Space => None,
            Self::Number(number) => Some(number.part()),
            Self::Month => Some("month"),
            Self::Weekday => Some("day of the week"),
            Self::HalfDay => Some("half of the day"),
            Self::Fraction | Self::OptionalFraction => Some("fraction"),
            Self::Offset | Self::ZoneName => Some("zone"),
        }
    }
}

/// A second's fraction; digits after the ninth are dropped.
fn nanos(digits: &[u8]) -> u32 {
    let mut unit = 100_000_000;
    let mut nanos = 0;
    for digit in digits {
        nanos += u32::from(digit - b'0') * unit;
        unit /= 10;
    }
    nanos
}

/// Compiles a description and checks that it describes a whole time.
pub(super) fn compile(text: &str) -> Result<Vec<Item>, TimeFormatError> {
    if text.is_empty() {
        return Err(TimeFormatError::Empty);
    }
    if text.len() > DESCRIPTION_BYTES {
        return Err(TimeFormatError::TooLong);
    }
    let mut items = Vec::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        rest = &rest[letter.len_utf8()..];
        if letter == ' ' {
            // A number that is padded with spaces may follow.
            if items.last() != Some(&Item::Space) {
                items.push(Item::Space);
            }
        } else if letter == '%' {
            rest = directive(rest, &mut items)?;
        } else {
            items.extend(letter.encode_utf8(&mut [0; 4]).bytes().map(Item::Literal));
        }
    }
    check(&items)?;
    Ok(items)
}

/// Compiles what follows a percent sign and returns the rest.
fn directive<'a>(text: &'a str, items: &mut Vec<Item>) -> Result<&'a str, TimeFormatError> {
    if let Some(rest) = text.strip_prefix(".f") {
        items.push(Item::OptionalFraction);
        return Ok(rest);
    }
    let letter = text.chars().next().ok_or(TimeFormatError::Unfinished)?;
    let number = |number| vec![Item::Number(number)];
    items.extend(match letter {
        'Y' => number(Number::Year),
        'y' => number(Number::ShortYear),
        'm' => number(Number::Month),
        'd' | 'e' => number(Number::Day),
        'j' => number(Number::DayOfYear),
        'H' => number(Number::Hour),
        'I' => number(Number::HalfHour),
        'M' => number(Number::Minute),
        'S' => number(Number::Second),
        'L' => number(Number::Millisecond),
        's' => number(Number::Epoch),
        'b' => vec![Item::Month],
        'a' => vec![Item::Weekday],
        'p' => vec![Item::HalfDay],
        'f' => vec![Item::Fraction],
        'z' => vec![Item::Offset],
        'Z' => vec![Item::ZoneName],
        'F' => separated(Number::Year, b'-', Number::Month, Number::Day),
        'D' => separated(Number::Month, b'/', Number::Day, Number::ShortYear),
        'T' => separated(Number::Hour, b':', Number::Minute, Number::Second),
        'R' => vec![Item::Number(Number::Hour), Item::Literal(b':'), Item::Number(Number::Minute)],
        '%' => vec![Item::Literal(b'%')],
        _ => return Err(TimeFormatError::Unknown(letter)),
    });
    Ok(&text[letter.len_utf8()..])
}

fn separated(first: Number, separator: u8, second: Number, third: Number) -> Vec<Item> {
    let (first, second, third) = (Item::Number(first), Item::Number(second), Item::Number(third));
    vec![first, Item::Literal(separator), second, Item::Literal(separator), third]
}

fn check(items: &[Item]) -> Result<(), TimeFormatError> {
    let mut seen: Vec<&str> = Vec::new();
    for part in items.iter().filter_map(|item| item.part()) {
        if seen.contains(&part) {
            return Err(TimeFormatError::Twice(part));
        }
        seen.push(part);
    }
    let has = |part: &str| seen.contains(&part);
    let needs = |is_there: bool, what| if is_there { Ok(()) } else { Err(TimeFormatError::Missing(what)) };
    if has("epoch") {
        return Ok(());
    }
    if has("day of the year") {
        needs(has("year"), "year, which %j counts in")?;
    } else {
        needs(has("month"), "month (%m, %b or %j)")?;
        needs(has("day"), "day (%d or %e)")?;
    }
    needs(has("hour"), "hour (%H, or %I and %p)")?;
    let half = items.contains(&Item::Number(Number::HalfHour));
    needs(!half || has("half of the day"), "half of the day (%p)")?;
    needs(half || !has("half of the day"), "hour as %I, which %p belongs to")
}
