//! Numbers as people write them. The standard library's printing of floats makes a module 20 KB larger.

use std::fmt;

/// Decimal places that are tried at most: 10 to this power, times 53 bits, is less than 128 bits.
const PLACES: u32 = 22;
/// From here on, 2 to the power of 53, not every whole number is an `f64`, and its last digits say nothing.
const WHOLE_END: f64 = 9_007_199_254_740_992.0;
/// Bits of the fraction of an `f64`.
const FRACTION_BITS: i32 = 52;

/// Prints a number with the fewest digits that mean this very number, as `{}` does, in a twentieth of the code. Numbers
/// under a hundred thousandth, and from 2 to the power of 53 on, are written as `1.5e-9`, rounded to 14 digits at most.
/// Width and precision (`{:8.2}`) are ignored.
///
/// ```
/// use lifesigns_rule::text::Decimal;
///
/// assert_eq!(Decimal(0.1 + 0.2).to_string(), "0.30000000000000004");
/// assert_eq!(format!("{} and {}", Decimal(-2.5), Decimal(4.0)), "-2.5 and 4");
/// assert_eq!(Decimal(1.5e-9).to_string(), "1.5e-9");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decimal(pub f64);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.abs();
        if self.0.is_nan() {
            return f.write_str("NaN");
        }
        if self.0.is_sign_negative() {
            f.write_str("-")?;
        }
        if magnitude.is_infinite() {
            return f.write_str("inf");
        }
        if magnitude == 0.0 || (1e-5..WHOLE_END).contains(&magnitude) {
            return plain(magnitude, f);
        }
        let (scaled, exponent) = scaled(magnitude);
        plain(scaled, f)?;
        write!(f, "e{exponent}")
    }
}

/// Brings a number to one digit before the point. Returns it and the power of ten that was taken away.
fn scaled(mut number: f64) -> (f64, i32) {
    let mut exponent = 0;
    for (power, step) in
        [(1e256, 256), (1e128, 128), (1e64, 64), (1e32, 32), (1e16, 16), (1e8, 8), (1e4, 4), (1e2, 2), (1e1, 1)]
    {
        if number >= power {
            number /= power;
            exponent += step;
        } else if number < 10.0 / power {
            number *= power;
            exponent -= step;
        }
    }
    // What the steps have rounded is no digit of it.
    let round = |number: f64| (number * 1e13).round() / 1e13;
    let rounded = round(number);
    if rounded >= 10.0 { (round(number / 10.0), exponent + 1) } else { (rounded, exponent) }
}

/// Prints a number between a hundred thousandth and 2 to the power of 53.
fn plain(number: f64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (digits, places) = shortest(number);
    let ten = 10_u64.pow(places.min(19));
    let (whole, fraction) = if places > 19 { (0, digits) } else { (digits / ten, digits % ten) };
    write!(f, "{whole}")?;
    if places > 0 {
        write!(f, ".{fraction:0width$}", width = places as usize)?;
    }
    Ok(())
}

/// Returns the fewest decimal digits that mean this very number, as a whole number, and how many of them stand behind
/// the point.
fn shortest(number: f64) -> (u64, u32) {
    let bits = number.to_bits();
    let fraction = bits & ((1 << FRACTION_BITS) - 1);
    let exponent = ((bits >> FRACTION_BITS) & 0x7ff) as i32;
    if number.fract() == 0.0 || exponent == 0 {
        return (number as u64, 0);
    }
    // `number` is `mantissa` / 2^`shift`; it is no whole number, so `shift` is over 0.
    let mantissa = u128::from(fraction | 1 << FRACTION_BITS);
    let shift = (1023 + FRACTION_BITS - exponent) as u32;
    let mut ten = 1_u128;
    for places in 0..=PLACES {
        let exact = mantissa * ten;
        let half = 1_u128 << (shift - 1);
        let digits = (exact + half) >> shift;
        let written = digits << shift;
        // As far as to the middle between this number and the next; downwards half of that below a power of two.
        let room = if written < exact && fraction == 0 { ten / 2 } else { ten };
        let off = 2 * written.abs_diff(exact);
        if off < room || (off == room && mantissa % 2 == 0) {
            return (digits as u64, places);
        }
        ten *= 10;
    }
    (((mantissa * (ten / 10)) >> shift) as u64, PLACES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_prints_what_the_standard_library_prints() {
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..20_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Any fraction, and the exponents of what is written without one.
            let exponent = 1023 - 17 + (bits >> 52) % 70;
            let number = f64::from_bits((bits & ((1 << 52) - 1)) | exponent << 52);
            // Between two numbers of one digit less.
            let whole = (number / 4.0).floor();
            let numbers = [number, -number, (number * 100.0).round() / 100.0, f64::from_bits(exponent << 52)];
            for number in numbers.into_iter().chain([whole + 0.25, whole + 0.75]) {
                if number == 0.0 || (1e-5..WHOLE_END).contains(&number.abs()) {
                    assert_eq!(Decimal(number).to_string(), number.to_string(), "{number:e}");
                }
            }
        }
        for number in
            [0.0, -0.0, 1.0, 0.1, 0.1 + 0.2, 1e-5, 1.0 / 3.0, 123_456.789, 999_999_999_999_999.9, 1e15, WHOLE_END - 1.0]
        {
            assert_eq!(Decimal(number).to_string(), number.to_string());
        }
        assert_eq!(Decimal(f64::NAN).to_string(), "NaN");
        assert_eq!([f64::INFINITY, f64::NEG_INFINITY].map(|number| Decimal(number).to_string()), ["inf", "-inf"]);
    }

    #[test]
    fn very_large_and_very_small_numbers_are_short_too() {
        let cases = [
            (1e16, "1e16"),
            (9_999_999_999_999_998.0, "1e16"),
            (WHOLE_END, "9.007199254741e15"),
            (1.5e-9, "1.5e-9"),
            (-2.5e300, "-2.5e300"),
            (f64::MAX, "1.7976931348623e308"),
            (1e-300, "1e-300"),
            (9.99e-6, "9.99e-6"),
            (9.999_999_999_999_99e-6, "1e-5"),
            (f64::from_bits(1), "4.9406564584125e-324"),
        ];
        for (number, text) in cases {
            assert_eq!(Decimal(number).to_string(), text);
        }
        for exponent in -307..=308 {
            let text = format!("1e{exponent}");
            let number: f64 = text.parse().expect("a number");
            let printed = Decimal(number).to_string();
            assert_eq!(printed.parse(), Ok(number), "{printed}");
            assert!((-5..16).contains(&exponent) || printed == text, "{printed} for {text}");
        }
    }
}
