//! Lists that several tables of keys use.

use crate::schema::ValueSchema;

pub(super) static TEXTS: ValueSchema = ValueSchema::List(&ValueSchema::Text, 0);
pub(super) static NAMES: ValueSchema = ValueSchema::List(&ValueSchema::Name, 0);

pub(super) const CRITICALITIES: &[&str] = &["information", "warning", "immediate", "critical"];
