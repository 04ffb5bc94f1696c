//! What a policy can set for an alert.

use lifesigns_model::Criticality;

/// What a policy can say.
#[derive(Clone, Debug, PartialEq)]
pub enum PolicySetting {
    /// It is fine here (`true`), or not (`false`).
    Allow(bool),
    /// It is evaluated here (`true`), or not (`false`).
    Enable(bool),
    /// It is this bad here.
    Criticality(Criticality),
    /// A threshold of the definition is this here.
    Threshold(String, f64),
    /// These are the recommendations here, in order.
    Recommendations(Vec<String>),
    /// These receivers are told, instead of those that the routes name.
    Receivers(Vec<String>),
}

/// Which setting a policy decides, in the order in which decisions are printed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SettingKind {
    Enable,
    Allow,
    Criticality,
    /// A criticality that is only a lower bound.
    AtLeast,
    Threshold(String),
    Recommendations,
    Receivers,
}

impl PolicySetting {
    /// Whether a policy says this also where it cannot be decided whether the object is in its group:
    /// what makes it stricter. What excuses, quietens or moves a threshold needs a member for certain.
    pub(crate) fn counts_if_uncertain(&self) -> bool {
        match self {
            Self::Allow(allow) => !allow,
            Self::Enable(enable) => *enable,
            Self::Criticality(_) | Self::Recommendations(_) => true,
            Self::Threshold(..) | Self::Receivers(_) => false,
        }
    }

    pub(crate) fn kind(&self) -> SettingKind {
        match self {
            Self::Allow(_) => SettingKind::Allow,
            Self::Enable(_) => SettingKind::Enable,
            Self::Criticality(_) => SettingKind::Criticality,
            Self::Threshold(name, _) => SettingKind::Threshold(name.clone()),
            Self::Recommendations(_) => SettingKind::Recommendations,
            Self::Receivers(_) => SettingKind::Receivers,
        }
    }

    pub(crate) fn value(&self) -> String {
        match self {
            Self::Allow(value) | Self::Enable(value) => value.to_string(),
            Self::Criticality(criticality) => criticality.to_string(),
            Self::Threshold(_, value) => value.to_string(),
            Self::Recommendations(texts) if texts.is_empty() => "none".to_owned(),
            Self::Recommendations(texts) => texts.join("; "),
            Self::Receivers(names) if names.is_empty() => "nobody".to_owned(),
            Self::Receivers(names) => names.join(", "),
        }
    }
}

impl std::fmt::Display for SettingKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Enable => f.write_str("enable"),
            Self::Allow => f.write_str("allow"),
            Self::Criticality => f.write_str("criticality"),
            Self::AtLeast => f.write_str("criticality at least"),
            Self::Threshold(name) => write!(f, "threshold {name}"),
            Self::Recommendations => f.write_str("recommendations"),
            Self::Receivers => f.write_str("receivers"),
        }
    }
}
