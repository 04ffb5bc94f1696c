//! The stream: chunks of lines in, alerts out.
//!
//! One event's way: the prefilter looks through a raw chunk for all rules' literals at once; lines
//! around a hit are decoded and matched exactly ([`RuleSet`]); the shard that owns the object joins
//! its facts and shows the event to the rules that want it, in batches; what they answer goes to the
//! caller's sink. [`Engine`] does that live, [`replay()`] to files, deterministically.
//!
//! The engine knows rules only as [`lifesigns_model::Module`]: it cannot tell Wasm from native.

mod byte_semaphore;
mod call_keeper;
mod call_times;
mod checkpoint;
mod checkpoint_signal;
mod comparison;
mod condition;
mod config;
mod cost_units;
mod cpu;
mod dry_run;
mod engine;
mod escape;
mod event_sink;
mod evidence;
mod explain;
mod facts;
mod flush_context;
mod handover;
mod index;
mod ingress;
mod kept_events;
mod line;
mod literal;
mod meter;
mod monotonic_clock;
mod objects;
mod origin;
mod pause;
mod pending;
mod pin;
pub mod prefilter;
mod property_cost;
mod quarantine;
mod reminders;
mod replay;
mod report;
mod rule;
mod rule_runner;
mod ruleset;
mod runner_table;
mod scan;
mod scan_cost;
mod scanned;
mod scanner_loop;
mod sequencer;
mod shadow_matchers;
mod shadow_pair;
mod shard;
mod shard_loop;
mod shard_sink;
mod shared;
mod state;
mod state_move;
mod statistics;
mod submit;
mod tap;
#[cfg(test)]
mod test_source;
mod throttle;
mod usage;

pub use call_times::{CALL_BUCKETS_NS, CallTimes};
pub use config::{EngineConfig, ObserveRuleAlerts, RuleAlertObserver, RuleAlertSink};
pub use dry_run::{DryRunError, TrafficSample, dry_run};
pub use engine::Engine;
pub use explain::{Rerun, interest_matches, run_again};
pub use kept_events::{KeptEvent, KeptEvents, KeptTotals};
pub use pin::pin_current_thread;
pub use replay::{
    LateLines, ReplayError, ReplayInput, ReplayOptions, ReplayOutcome, ReplayOutput, ReplayReader, replay,
    replay_observations,
};
pub use report::{RuleFailures, ShardReport};
pub use rule::LoadedRule;
pub use ruleset::RuleSet;
pub use scanned::ScanCounts;
pub use state_move::StateMove;
pub use statistics::EngineTotals;
pub use submit::{EngineClosed, Reservation, ReserveError, TrySubmitError};
pub use usage::{RuleUsage, RuleUsageTotals};

/// The shard that owns an object: the same in every process.
fn shard_of(object: &str, shards: usize) -> usize {
    use std::hash::BuildHasher;
    let hash = foldhash::quality::FixedState::with_seed(0).hash_one(object);
    (hash % shards as u64) as usize
}
