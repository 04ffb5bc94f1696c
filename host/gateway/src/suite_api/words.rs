//! VMware's ids and words for what lifesigns has, and the error for an id that nothing has.

use lifesigns_api::ApiError;
use lifesigns_compliance::{Alert, AlertStatus, Badge, query::ObjectRow};
use lifesigns_model::{Criticality, Impact};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Sets the ids of this API apart from other names that are hashed.
const SPACE: &[u8] = b"lifesigns suite-api\0";
/// The adapter kind of what VMware's own adapter would have.
const VMWARE: &str = "VMWARE";
/// The adapter kind of all else.
const OWN: &str = "LIFESIGNS";
/// One of VMware's cycles of collection, in milliseconds.
const CYCLE_MS: u64 = 5 * 60 * 1000;

/// What an id is of.
#[derive(Clone, Copy, Debug)]
pub(super) enum IdKind {
    Object,
    Group,
    Alert,
    AlertDefinition,
    SymptomDefinition,
}

/// Returns the id of what has this name: a UUID made of the name (RFC 9562, version 8), so that it stays the same.
pub(super) fn id(kind: IdKind, name: &str) -> String {
    let (word, prefix) = match kind {
        IdKind::Object => ("object", ""),
        IdKind::Group => ("group", ""),
        IdKind::Alert => ("alert", ""),
        IdKind::AlertDefinition => ("definition", "AlertDefinition-"),
        IdKind::SymptomDefinition => ("symptom", "SymptomDefinition-"),
    };
    let hash = Sha256::new().chain_update(SPACE).chain_update(word).chain_update(b"\0").chain_update(name).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex::encode(bytes);
    format!("{prefix}{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// How bad an alert or a symptom is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum AlertLevel {
    Information,
    Warning,
    Immediate,
    Critical,
}

impl From<Criticality> for AlertLevel {
    fn from(criticality: Criticality) -> Self {
        match criticality {
            Criticality::Information => Self::Information,
            Criticality::Warning => Self::Warning,
            Criticality::Immediate => Self::Immediate,
            Criticality::Critical => Self::Critical,
        }
    }
}

impl AlertLevel {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Information => "INFORMATION",
            Self::Warning => "WARNING",
            Self::Immediate => "IMMEDIATE",
            Self::Critical => "CRITICAL",
        }
    }
}

/// Whether an alert is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum StatusWord {
    /// It is open.
    Active,
    /// It is over.
    Canceled,
    /// As [`Self::Active`]: some scripts ask so.
    New,
    /// As [`Self::Active`].
    Updated,
}

impl StatusWord {
    /// Returns the word for an alert.
    pub(super) fn of(alert: &Alert) -> Self {
        if alert.status == AlertStatus::Open { Self::Active } else { Self::Canceled }
    }

    /// Returns whether an alert that has `status` is meant.
    pub(super) fn means(self, status: Self) -> bool {
        (self == Self::Canceled) == (status == Self::Canceled)
    }
}

/// What suffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum ImpactWord {
    Health,
    Risk,
    Efficiency,
}

impl From<Impact> for ImpactWord {
    fn from(impact: Impact) -> Self {
        match impact {
            Impact::Health => Self::Health,
            Impact::Risk => Self::Risk,
            Impact::Efficiency => Self::Efficiency,
        }
    }
}

/// Returns who works on an alert: it was acknowledged, is silenced, or neither.
pub(super) fn control_state(alert: &Alert) -> &'static str {
    match (&alert.silenced_by, &alert.acknowledged) {
        (Some(_), _) => "SUSPENDED",
        (None, Some(_)) => "ASSIGNED",
        (None, None) => "OPEN",
    }
}

/// The adapter kind and the resource kind of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ResourceKind<'a> {
    pub(super) adapter: &'static str,
    pub(super) resource: &'a str,
}

impl<'a> ResourceKind<'a> {
    /// Returns those of a kind.
    pub(super) fn of(kind: Option<&'a str>) -> Self {
        match kind {
            Some("vm") => Self { adapter: VMWARE, resource: "VirtualMachine" },
            Some("host") => Self { adapter: VMWARE, resource: "HostSystem" },
            Some(other) => Self { adapter: OWN, resource: other },
            None => Self { adapter: OWN, resource: "Object" },
        }
    }

    pub(super) fn of_object(row: &'a ObjectRow) -> Self {
        Self::of(row.object.kind.as_deref())
    }
}

/// Returns the colour of a badge, by its worst violation.
pub(super) const fn colour(badge: &Badge) -> &'static str {
    match badge.worst {
        0..=24 => "RED",
        25..=74 => "ORANGE",
        75..=99 => "YELLOW",
        _ => "GREEN",
    }
}

/// The error for an id that nothing has.
pub(super) fn unknown(what: &str, id: &str) -> ApiError {
    let shown = &id[..id.floor_char_boundary(100)];
    ApiError::Unknown(format!("there is no {what} {shown:?}"))
}

/// Returns how many cycles of collection a time is, one at least.
pub(super) fn cycles(ms: u64) -> u64 {
    ms.div_ceil(CYCLE_MS).max(1)
}

/// Returns a time in milliseconds.
pub(super) const fn ms(time_ns: u64) -> u64 {
    time_ns / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid_that_stays_the_same_and_is_of_one_thing() {
        let one = id(IdKind::Object, "vm-1");
        assert_eq!(one, id(IdKind::Object, "vm-1"));
        assert_eq!(one, "9a1cc159-88c6-8225-b03d-30d333918e67");
        let parts: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(&one[14..15], "8", "{one}");
        assert!("89ab".contains(&one[19..20]), "{one}");
        assert_ne!(one, id(IdKind::Group, "vm-1"));
        assert!(id(IdKind::AlertDefinition, "docker").starts_with("AlertDefinition-"));
    }

    #[test]
    fn times_are_cycles_of_five_minutes() {
        assert_eq!([cycles(0), cycles(300_000), cycles(300_001)], [1, 1, 2]);
    }
}
