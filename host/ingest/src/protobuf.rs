//! The wire format of protocol buffers, read field by field from the bytes: nothing is allocated, so a small
//! message cannot become a large one in memory.

/// The bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not a protobuf message")]
pub(crate) struct InvalidProtobuf;

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum WireValue<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl<'a> WireValue<'a> {
    /// Returns the bytes of a string, a message or a packed list.
    pub(crate) fn bytes(self) -> Result<&'a [u8], InvalidProtobuf> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err(InvalidProtobuf) }
    }

    /// Returns the number of a field that is a varint or has a fixed length.
    pub(crate) fn number(self) -> Result<u64, InvalidProtobuf> {
        match self {
            Self::Varint(number) | Self::Fixed64(number) => Ok(number),
            Self::Fixed32(number) => Ok(number.into()),
            Self::Bytes(_) => Err(InvalidProtobuf),
        }
    }

    /// Returns the number of a field of type `double`.
    pub(crate) fn double(self) -> Result<f64, InvalidProtobuf> {
        if let Self::Fixed64(bits) = self { Ok(f64::from_bits(bits)) } else { Err(InvalidProtobuf) }
    }

    /// Returns the text of a string; what is not UTF-8 in it becomes U+FFFD.
    pub(crate) fn text(self) -> Result<std::borrow::Cow<'a, str>, InvalidProtobuf> {
        let bytes = self.bytes()?;
        // Checking whole texts is many times as fast as looking for what is wrong in them.
        Ok(std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Into::into))
    }
}

/// The fields of a message in their order, each with its number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WireFields<'a>(pub(crate) &'a [u8]);

impl<'a> WireFields<'a> {
    fn next_field(&mut self) -> Result<(u64, WireValue<'a>), InvalidProtobuf> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => WireValue::Varint(self.varint()?),
            1 => WireValue::Fixed64(u64::from_le_bytes(self.fixed()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| InvalidProtobuf)?;
                WireValue::Bytes(self.take(length)?)
            }
            5 => WireValue::Fixed32(u32::from_le_bytes(self.fixed()?)),
            _ => return Err(InvalidProtobuf),
        };
        Ok((key >> 3, value))
    }

    fn varint(&mut self) -> Result<u64, InvalidProtobuf> {
        let mut number = 0;
        for (index, byte) in self.0.iter().take(10).enumerate() {
            number |= u64::from(byte & 0x7f).checked_shl(7 * index as u32).unwrap_or(0);
            if byte & 0x80 == 0 {
                self.0 = &self.0[index + 1..];
                return Ok(number);
            }
        }
        Err(InvalidProtobuf)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], InvalidProtobuf> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(InvalidProtobuf)?;
        self.0 = rest;
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], InvalidProtobuf> {
        self.take(N)?.try_into().map_err(|_| InvalidProtobuf)
    }
}

impl<'a> Iterator for WireFields<'a> {
    type Item = Result<(u64, WireValue<'a>), InvalidProtobuf>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.next_field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// Returns the numbers of a packed list of varints.
pub(crate) fn packed(bytes: &[u8]) -> impl Iterator<Item = Result<u64, InvalidProtobuf>> {
    let mut rest = WireFields(bytes);
    std::iter::from_fn(move || (!rest.0.is_empty()).then(|| rest.varint())).scan(false, |failed, number| {
        if *failed {
            return None;
        }
        *failed = number.is_err();
        Some(number)
    })
}

/// Writes messages: answers, and requests of tests.
#[derive(Clone, Debug, Default)]
pub(crate) struct WireWriter(pub(crate) Vec<u8>);

impl WireWriter {
    pub(crate) fn varint(&mut self, field: u64, number: u64) {
        self.raw_varint(field << 3);
        self.raw_varint(number);
    }

    pub(crate) fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.raw_varint(field << 3 | 2);
        self.raw_varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn raw_varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_they_were_written() {
        let mut writer = WireWriter::default();
        writer.varint(1, 300);
        writer.bytes(2, b"text");
        writer.varint(1000, u64::MAX);
        let mut bytes = writer.0;
        bytes.extend([3 << 3 | 1, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 4 << 3 | 5, 7, 0, 0, 0]);
        let fields: Vec<_> = WireFields(&bytes).map(|field| field.expect("a field")).collect();
        let expected = [
            (1, WireValue::Varint(300)),
            (2, WireValue::Bytes(b"text")),
            (1000, WireValue::Varint(u64::MAX)),
            (3, WireValue::Fixed64(1.0_f64.to_bits())),
            (4, WireValue::Fixed32(7)),
        ];
        assert_eq!(fields, expected);
        assert_eq!(fields[3].1.double(), Ok(1.0));
    }

    #[test]
    fn whatever_is_cut_or_damaged_is_an_error_and_then_the_end() {
        let mut writer = WireWriter::default();
        writer.bytes(2, b"a longer text");
        for end in 1..writer.0.len() {
            let mut fields = WireFields(&writer.0[..end]);
            assert_eq!(fields.next(), Some(Err(InvalidProtobuf)), "{end}");
            assert_eq!(fields.next(), None);
        }
        for bytes in [&[0xff; 20][..], &[0x0b], &[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]] {
            assert_eq!(WireFields(bytes).next(), Some(Err(InvalidProtobuf)), "{bytes:?}");
        }
        assert_eq!(packed(&[1, 0x80, 1, 0x80]).collect::<Vec<_>>(), [Ok(1), Ok(128), Err(InvalidProtobuf)]);
    }
}
