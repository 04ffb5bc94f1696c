//! The head of the audit log, sent to a receiver on a schedule: kept outside the host, it shows later
//! whether entries up to it were changed or removed.

use std::io;

use serde::Serialize;

use lifesigns_text::rfc3339;

use crate::format_version::JSON_VERSION;

/// The last entry of the audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditHead {
    /// The entry's number; 0 while there is none.
    pub number: u64,
    /// Its hash, 64 hexadecimal digits.
    pub hash: String,
    /// When it was read, on the host's clock.
    pub time_ns: u64,
}

/// A source of heads.
pub trait AuditLog: Send {
    /// Returns the last entry.
    ///
    /// # Errors
    /// The log cannot be read now; the call is repeated later.
    fn head(&mut self) -> Result<AuditHead, String>;
}

/// When a receiver is sent heads of the audit log, and from where.
pub struct AnchorSchedule {
    /// The interval, in milliseconds. The first head is sent at once.
    pub every_ms: u64,
    /// The source of heads.
    pub log: Box<dyn AuditLog>,
}

impl std::fmt::Debug for AnchorSchedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnchorSchedule").field("every_ms", &self.every_ms).finish_non_exhaustive()
    }
}

/// A head as JSON.
#[derive(Serialize)]
struct HeadJson<'a> {
    version: u32,
    receiver: &'a str,
    happened: &'static str,
    time: String,
    number: u64,
    hash: &'a str,
}

impl AuditHead {
    /// Returns the form that `lifesigns audit verify --known` takes.
    pub fn known(&self) -> String {
        format!("{}:{}", self.number, self.hash)
    }

    /// Appends one line of JSON.
    ///
    /// # Errors
    /// Never, into memory.
    pub(crate) fn line(&self, receiver: &str, out: &mut Vec<u8>) -> io::Result<()> {
        let time = rfc3339(self.time_ns);
        let shown = HeadJson {
            version: JSON_VERSION,
            receiver,
            happened: "audit-head",
            time,
            number: self.number,
            hash: &self.hash,
        };
        serde_json::to_writer(&mut *out, &shown)?;
        out.push(b'\n');
        Ok(())
    }

    /// Returns the text for people.
    #[cfg_attr(not(feature = "email"), allow(dead_code))]
    pub(crate) fn text(&self) -> String {
        format!(
            "The last entry of the audit log at {} was number {}, its hash\n{}\n\nKeep this message. To see later whether the \
             log up to this entry was changed or cut short:\n\n  lifesigns audit verify --known {}\n",
            rfc3339(self.time_ns),
            self.number,
            self.hash,
            self.known()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_the_json_that_is_documented() {
        let head = AuditHead { number: 4711, hash: "ab".repeat(32), time_ns: 1_000_000_000 };
        let mut out = Vec::new();
        head.line("auditor", &mut out).expect("in memory");
        let expected = format!(
            "{}{}{}\n",
            r#"{"version":1,"receiver":"auditor","happened":"audit-head","time":"1970-01-01T00:00:01Z","number":4711,"hash":""#,
            "ab".repeat(32),
            "\"}"
        );
        assert_eq!(String::from_utf8(out).expect("UTF-8"), expected);
        assert!(head.text().contains(&format!("audit verify --known 4711:{}", "ab".repeat(32))));
    }
}
