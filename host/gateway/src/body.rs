//! Bodies that several routes read, and the query parameters that the client writes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use lifesigns_api::{ApiError, AuditMark};
use lifesigns_compliance::Matcher;

/// Who takes the alerts.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Owner {
    pub(crate) owner: Option<String>,
}

/// Which alerts, and who takes them.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertsOwner {
    #[schemars(length(min = 1))]
    pub(crate) alerts: Vec<String>,
    #[serde(default)]
    pub(crate) owner: Option<String>,
}

/// Which alerts.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertIds {
    #[schemars(length(min = 1))]
    pub(crate) alerts: Vec<String>,
}

/// Which alerts, and the reason.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertsReason {
    #[schemars(length(min = 1))]
    pub(crate) alerts: Vec<String>,
    pub(crate) why: String,
}

/// The reason, as a body or as a parameter; the book says whether an empty one will do.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Reason {
    /// The reason, for the audit log.
    pub(crate) why: String,
}

/// A note.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoteText {
    pub(crate) text: String,
}

/// Matchers of a silence that is not made.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MatcherList {
    pub(crate) matchers: Vec<Matcher>,
}

/// A silence to be made.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSilence {
    pub(crate) matchers: Vec<Matcher>,
    #[serde(default)]
    pub(crate) from_ns: Option<u64>,
    pub(crate) until_ns: u64,
    #[serde(default)]
    pub(crate) why: String,
}

/// A change of a silence; what is absent stays.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SilencePatch {
    pub(crate) matchers: Option<Vec<Matcher>>,
    pub(crate) from_ns: Option<u64>,
    pub(crate) until_ns: Option<u64>,
    pub(crate) why: Option<String>,
}

/// Where a backup goes.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackupTo {
    pub(crate) path: std::path::PathBuf,
}

/// An alert on an object.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct DecisionParams {
    /// The object's id.
    pub(crate) object: String,
    /// A definition's name, or `RULE/SYMPTOM`.
    pub(crate) alert: String,
}

/// How many; 0 for all.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct LimitParams {
    /// The most objects; 0 for all.
    pub(crate) limit: usize,
}

/// Since when, and how many.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct HistoryParams {
    /// From this time on, nanoseconds since 1970.
    pub(crate) since_ns: u64,
    /// The most, the latest ones; 0 for all.
    pub(crate) limit: usize,
}

/// An entry of the audit log that was noted down; both or none.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct MarkParams {
    /// Its number; `hash` goes with it.
    pub(crate) number: Option<u64>,
    /// Its hash, hexadecimal.
    pub(crate) hash: Option<String>,
}

impl MarkParams {
    pub(crate) fn mark(self) -> Result<Option<AuditMark>, ApiError> {
        match (self.number, self.hash) {
            (Some(number), Some(hash)) => Ok(Some(AuditMark { number, hash })),
            (None, None) => Ok(None),
            _ => Err(ApiError::Invalid("`number` and `hash` of a known entry go together".to_owned())),
        }
    }
}

/// Reads the query of a URI. A parameter that the type does not have is an error: a filter that is
/// ignored would match too much.
pub(crate) fn parameters<T>(query: &str) -> Result<T, ApiError>
where
    T: Default + Serialize + DeserializeOwned,
{
    let known = serde_json::to_value(T::default()).unwrap_or_default();
    let given: Vec<(String, String)> = serde_html_form::from_str(query).map_err(invalid_query)?;
    if let Some((name, _)) = given.iter().find(|(name, _)| known.get(name).is_none()) {
        let known: Vec<&str> = known.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        let text = format!("there is no parameter {name:?} here; there are {}", known.join(", "));
        return Err(ApiError::Invalid(text));
    }
    serde_html_form::from_str(query).map_err(invalid_query)
}

fn invalid_query(error: serde_html_form::de::Error) -> ApiError {
    ApiError::Invalid(format!("the parameters cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use lifesigns_compliance::query::{AlertFilter, AlertStateFilter};

    use super::*;

    #[test]
    fn a_filter_survives_the_way_through_a_query() {
        let filter = AlertFilter {
            object: Some("vm 7/ä&b=*".to_owned()),
            states: vec![AlertStateFilter::Open, AlertStateFilter::Silenced],
            since_ns: Some(u64::MAX),
            cancelled: true,
            limit: 3,
            ..AlertFilter::default()
        };
        let query = serde_html_form::to_string(&filter).expect("plain data");
        assert_eq!(parameters::<AlertFilter>(&query).expect("what was written"), filter);
        let nothing = serde_html_form::to_string(AlertFilter::default()).expect("plain data");
        assert_eq!(parameters::<AlertFilter>(&nothing).expect("what was written"), AlertFilter::default());
        assert_eq!(parameters::<AlertFilter>("").expect("no parameters"), AlertFilter::default());
    }

    #[test]
    fn what_a_filter_does_not_have_is_refused() {
        for query in ["grup=production", "limit=many", "states=wild", "cancelled=perhaps", "limit=1&limit=2"] {
            assert!(matches!(parameters::<AlertFilter>(query), Err(ApiError::Invalid(_))), "{query}");
        }
    }
}
