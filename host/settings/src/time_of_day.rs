//! Times of day and days of the week, as people write them.

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Returns the minute of the day of a text such as `08:00`; `24:00` is the end of the day.
pub(crate) fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let hour = two_digits(hour)?;
    let minute = two_digits(minute)?;
    let total = hour * 60 + minute;
    (minute < 60 && total <= 24 * 60).then_some(total)
}

fn two_digits(digits: &str) -> Option<u16> {
    (digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// Returns a bit for each day of a text such as `mon-fri`, `sat,sun`, `fri-mon`; bit 0 is Monday.
pub(crate) fn days(text: &str) -> Option<u8> {
    let day = |word: &str| DAYS.iter().position(|day| *day == word);
    let mut bits = 0;
    for part in text.split(',').map(str::trim) {
        let (from, to) = match part.split_once('-') {
            Some((from, to)) => (day(from.trim())?, day(to.trim())?),
            None => (day(part)?, day(part)?),
        };
        let mut next = from;
        loop {
            bits |= 1 << next;
            if next == to {
                break;
            }
            next = (next + 1) % DAYS.len();
        }
    }
    Some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_days() {
        assert_eq!((minute("08:00"), minute("24:00"), minute("00:00")), (Some(480), Some(1440), Some(0)));
        for text in ["8:00", "24:01", "12:60", "1200", "+8:00", "99:99", ""] {
            assert_eq!(minute(text), None, "{text}");
        }
        assert_eq!(
            (days("mon-fri"), days("sat, sun"), days("sat-mon")),
            (Some(0b1_1111), Some(0b110_0000), Some(0b110_0001))
        );
        assert_eq!((days("mon-"), days(""), days("monday")), (None, None, None));
    }
}
