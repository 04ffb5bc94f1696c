//! The settings of the rule, and what is wrong with them.

use lifesigns_rule::{settings::Duration, text::Decimal};

lifesigns_rule::settings! {
    /// The `[settings]` table, as written.
    #[derive(Debug)]
    pub struct Settings {
        /// The metric that says how loaded an object is.
        pub metric: String = "load.1m",
        /// The symptom needs more than this.
        pub threshold: f64 = 4,
        /// For at least so long.
        #[name("for")]
        pub period: Duration = "1m",
        /// It clears under this; without it, a fifth under the threshold.
        pub clear_below: Option<f64>,
        /// Docker counts as being at work for so long after it did something.
        pub activity: Duration = "15m",
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
                Decimal(self.clear_below()),
                Decimal(self.threshold)
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
