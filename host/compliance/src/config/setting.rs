//! What a policy can set for an alert.

use lifesigns_model::Criticality;

/// A setting of an alert that a policy decides, with its value.
#[derive(Clone, Debug, PartialEq)]
pub enum PolicySetting {
    /// Whether the alert is allowed: an open one counts as compliant.
    Allow(bool),
    /// Whether the alert is evaluated at all.
    Enable(bool),
    /// How bad the alert is.
    Criticality(Criticality),
    /// The value of a threshold of the definition, by the threshold's name.
    Threshold(String, f64),
    /// Recommendations, in order.
    Recommendations(Vec<String>),
    /// Receivers to notify, instead of those that the routes name; empty for none.
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
    /// Returns whether the setting applies even where an expression fails to decide whether the object is
    /// in the policy's group. Only settings that are stricter do; those that allow, disable, redirect or
    /// move a threshold need a certain member.
    pub(crate) fn counts_if_uncertain(&self) -> bool {
        match self {
            Self::Allow(allow) => !allow,
            Self::Enable(enable) => *enable,
            Self::Criticality(_) | Self::Recommendations(_) => true,
            Self::Threshold(..) | Self::Receivers(_) => false,
        }
    }

    /// Returns which setting it is, without the value.
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

    /// Returns the value as people read it.
    pub(crate) fn value(&self) -> String {
        match self {
            Self::Allow(value) | Self::Enable(value) => value.to_string(),
            Self::Criticality(criticality) => criticality.to_string(),
            Self::Threshold(_, value) => value.to_string(),
            Self::Recommendations(texts) if texts.is_empty() => "none".to_owned(),
            Self::Recommendations(texts) => texts.join("; "),
            Self::Receivers(names) if names.is_empty() => "none".to_owned(),
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
