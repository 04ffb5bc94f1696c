//! From the stream into the book, the store and the receivers. One recorder cuts the stream, tells the
//! book what came, commits everything at once, and only then lets sources be acknowledged and
//! receivers be told: nothing acknowledged can be lost.

mod clock;
mod crash;
mod desk;
mod feed;
mod health;
mod keep;
mod order;
mod receivers;
mod recorder;
mod rows;
mod shared;
mod status;
mod stream;
mod warnings;

pub use keep::{Begin, Keep, KeepError, Opened};
pub use lifesigns_control::{CompilingRule, MemoryStatus, RefusedRule};
pub use order::{ConfigureError, Setup};
pub use receivers::MakeReceiver;
pub use recorder::SignSink;
pub use rows::rows;
pub use shared::{Describe, INVENTORY, RulesBeside};
pub use stream::Alerts;

use shared::Shared;
