//! The settings of a rule: declared once, read from the manifest's `[settings]`, with all mistakes at once.
//!
//! ```
//! use lifesigns_rule::settings::{Duration, RuleSettings};
//!
//! lifesigns_rule::settings! {
//!     /// The `[settings]` table.
//!     pub struct Settings {
//!         /// How many different containers are fine.
//!         #[min(1)]
//!         #[max(4000)]
//!         pub threshold: u32 = 20,
//!         /// The time in which they are counted.
//!         #[min("1m")]
//!         pub window: Duration = "1h",
//!         /// The property that names the team.
//!         pub team: Option<String>,
//!     }
//! }
//!
//! let settings = Settings::from_json(r#"{"window": "2h"}"#).unwrap();
//! assert_eq!((settings.threshold, settings.window), (20, Duration::from_secs(7200)));
//! let mistakes = Settings::from_json(r#"{"treshold": 5, "window": "5s"}"#).err().unwrap();
//! assert_eq!(
//!     mistakes,
//!     "`treshold` is no setting of this rule; did you mean `threshold`?\n\
//!      `window` is \"5s\": give a length of time such as \"5m\" or \"1h30m\" of at least \"1m\""
//! );
//! ```

mod declared;
mod kebab;
mod nearest;
mod reader;
mod spec;
mod types;

pub use declared::RuleSettings;
pub use kebab::check_kebab;
pub use reader::{SettingType, SettingsReader};
pub use spec::SettingSpec;
pub use types::{Table, Values};

pub use crate::duration::Duration;
