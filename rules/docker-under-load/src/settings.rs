//! The settings of the rule, and what is wrong with them.

use lifesigns_rule::settings::Duration;
use serde::Deserialize;

/// The `[settings]` table, as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    /// The metric that says how loaded an object is.
    pub metric: String,
    /// The symptom needs more than this.
    pub threshold: f64,
    /// For at least so long.
    #[serde(rename = "for")]
    pub period: Duration,
    /// It clears under this; without it, a fifth under the threshold.
    pub clear_below: Option<f64>,
    /// Docker counts as being at work for so long after it did something.
    pub activity: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            metric: "load.1m".into(),
            threshold: 4.0,
            period: Duration::from_secs(60),
            clear_below: None,
            activity: Duration::from_secs(15 * 60),
        }
    }
}

impl Settings {
    /// Refuses what cannot work.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.metric.is_empty() {
            return Err("`metric` is empty: name the metric to watch, such as `load.1m`".into());
        }
        if self.clear_below() > self.threshold {
            return Err(format!(
                "`clear-below` is {} and over `threshold` ({}): give a number that is not, or leave it out",
                self.clear_below(),
                self.threshold
            ));
        }
        if self.activity.ms() == 0 {
            return Err(
                "`activity` is 0, so Docker would never be at work: give a length of time such as \"15m\"".into()
            );
        }
        Ok(())
    }

    pub(crate) fn clear_below(&self) -> f64 {
        self.clear_below.unwrap_or(self.threshold - self.threshold.abs() * 0.2)
    }
}
