//! Objects and facts as the inventory and the platform give them.

/// An object and what is known about it.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ObjectFacts {
    /// The object's id, as logs name it.
    pub object: String,
    /// When this holds from, nanoseconds since the Unix epoch; 0 for ever since.
    pub time_ns: u64,
    /// What it is: `vm`, `host`, `container` or free text.
    pub kind: Option<String>,
    /// The object that it belongs to.
    pub parent: Option<String>,
    /// Properties; `None` removes one.
    pub properties: Vec<(String, Option<String>)>,
    /// Metric samples.
    pub metrics: Vec<(String, f64)>,
    /// Other names by which events name it: host names, addresses, ids of containers. Only an inventory states them.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub aliases: Vec<String>,
}
