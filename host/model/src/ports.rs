//! The few traits with several implementations: a module and its instances (Wasm or native), and the
//! state that the host holds for a rule.

use std::{any::Any, fmt};

use crate::{Description, EventBatch, Limits, RuleAlertBatch};

/// A module that any number of rules can run.
pub trait Module: Send + Sync {
    /// Returns `sha256:…` of the module's bytes.
    fn digest(&self) -> &str;

    /// Makes a fresh instance and describes it with `settings`, a JSON object.
    ///
    /// # Errors
    /// When the instance cannot be made, the module refuses its settings, or its description breaks
    /// a limit.
    fn instantiate(&self, settings: &str, limits: &Limits) -> Result<DescribedInstance, InstantiateError>;

    /// Makes an instance as [`Module::instantiate`] does, whose calls end by the instructions that they execute, not by
    /// time: the same call ends in the same way on every machine, and [`InstanceError::Deadline`] says that there were
    /// more than any machine executes until the deadline. `None` if they cannot be counted.
    fn instantiate_counted(
        &self,
        _settings: &str,
        _limits: &Limits,
    ) -> Option<Result<DescribedInstance, InstantiateError>> {
        None
    }

    /// Returns the description that a fresh instance with `settings` has. It may be known from before: then no instance
    /// is made.
    ///
    /// # Errors
    /// See [`Module::instantiate`].
    fn describe(&self, settings: &str, limits: &Limits) -> Result<Description, InstantiateError> {
        Ok(self.instantiate(settings, limits)?.description)
    }
}

/// A fresh instance and its description.
pub struct DescribedInstance {
    /// The instance.
    pub instance: Box<dyn RuleInstance>,
    /// Its description, checked.
    pub description: Description,
}

/// One instance of a rule.
pub trait RuleInstance: Send {
    /// Evaluates a batch and fills `answer`. `state` is passed in for the call and always returned.
    ///
    /// After an error the instance must be dropped, and its changes to `state` rolled back.
    fn evaluate(
        &mut self,
        batch: &EventBatch,
        state: Box<dyn RuleState>,
        answer: &mut RuleAlertBatch,
    ) -> (Box<dyn RuleState>, Result<(), InstanceError>);

    /// Brings the state of some objects from `version` to that of the description: object `i` has the keys `objects[i]`,
    /// and is event `i` of `state`. Otherwise as [`RuleInstance::evaluate`].
    fn migrate(
        &mut self,
        _version: u32,
        _objects: &[Vec<String>],
        state: Box<dyn RuleState>,
    ) -> (Box<dyn RuleState>, Result<(), InstanceError>) {
        (state, Err(InstanceError::Call("it has no `migrate`".to_owned())))
    }
}

/// Why a module has no instance.
#[derive(Clone, Debug, thiserror::Error)]
pub enum InstantiateError {
    /// The module refuses the settings; its text is for the person who wrote them.
    #[error("the module refuses its settings: {0}")]
    Settings(SettingsMistakes),
    /// The description breaks a rule of the contract.
    #[error("the module's description is not acceptable: {0}")]
    Description(String),
    /// The instance failed before it returned a description.
    #[error("the module cannot be started: {0}")]
    Instance(#[from] InstanceError),
}

/// What is wrong with settings, as the module says it: at least one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsMistakes(pub Vec<String>);

impl fmt::Display for SettingsMistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => f.write_str(one),
            all => all.iter().try_for_each(|line| write!(f, "\n  {line}")),
        }
    }
}

/// A setting that a module declares, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredSetting {
    /// Its key in `[settings]`.
    pub name: String,
    /// What is written for it: `a whole number from 1 to 4000`.
    pub kind: String,
    /// What holds without it, as JSON.
    pub default: Option<String>,
    /// Whether it must be given.
    pub required: bool,
    /// One line for a person.
    pub summary: String,
}

/// Why an instance gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstanceError {
    /// It trapped: an unreachable, an access out of bounds.
    #[error("it trapped: {0}")]
    Trap(String),
    /// It panicked, and said where and why: `src/lib.rs:36:24: no such unit`.
    #[error("it panicked at {0}")]
    Panic(String),
    /// It did not return in time.
    #[error("it did not return within its deadline of {deadline_ms} ms")]
    Deadline {
        /// The deadline.
        deadline_ms: u64,
    },
    /// It wanted more memory than it may have.
    #[error("it wanted {wanted_bytes} bytes of memory, and its limit `memory-bytes` is {memory_bytes}")]
    Memory {
        /// What it wanted.
        wanted_bytes: usize,
        /// The limit.
        memory_bytes: usize,
    },
    /// All rules of the host together would have had more memory than they may have.
    #[error(
        "it wanted {wanted_bytes} more bytes of memory, and the rules of this host together may have {ceiling_bytes}, of which {used_bytes} are used; raise `rules-memory`, or run fewer rules"
    )]
    Ceiling {
        /// What it wanted in addition.
        wanted_bytes: usize,
        /// What all rules had.
        used_bytes: usize,
        /// What all rules may have.
        ceiling_bytes: usize,
    },
    /// It returned something that breaks the contract or a limit.
    #[error("its answer is not acceptable: {0}")]
    Answer(String),
    /// It called the host with something that breaks the contract or a limit.
    #[error("it called the host wrongly: {0}")]
    Call(String),
}

/// How loud a line of a rule's own log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For the author.
    Debug,
    /// Worth a line.
    Info,
    /// Something is odd.
    Warn,
    /// Something is wrong.
    Error,
}

/// A host call that the contract forbids.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StateError(pub String);

/// An event of the batch under evaluation, as state sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// The object's number in its shard.
    pub object: u32,
    /// Event time, nanoseconds since the Unix epoch.
    pub time_ns: u64,
}

/// A reminder that a rule set or took back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReminderChange {
    /// The event of the batch that it was done for.
    pub event: u32,
    /// Its name.
    pub name: String,
    /// When it is due; `None` takes it back.
    pub due_ns: Option<u64>,
}

/// The state that the host holds for one rule. The engine brackets every call of an instance with
/// [`RuleState::begin`] and either [`RuleState::commit`] or [`RuleState::rollback`]; the other functions are
/// the guest's: each names an event of the batch and reaches that event's object only. The words:
/// `wit/host.wit`. An instance gives back the very state that it was passed.
pub trait RuleState: Any + Send {
    /// Begins a batch. `reminds`: the rule, in its present version, has an interest in reminders.
    fn begin(&mut self, rows: &[EventRow], reminds: bool);

    /// Keeps all changes since [`RuleState::begin`]. Returns the reminders that were set or taken back.
    fn commit(&mut self) -> Vec<ReminderChange>;

    /// Discards all changes since [`RuleState::begin`].
    fn rollback(&mut self);

    /// Returns the value under `key`.
    ///
    /// # Errors
    /// All calls fail for an event that is not in the batch.
    fn get(&mut self, event: u32, key: &str) -> Result<Option<&[u8]>, StateError>;

    /// Stores `value` under `key` for `ttl_ms`; 0 for ever.
    ///
    /// # Errors
    /// Fails for a value over [`crate::limits::VALUE_BYTES`].
    fn set(&mut self, event: u32, key: &str, value: &[u8], ttl_ms: u64) -> Result<(), StateError>;

    /// Removes `key`.
    ///
    /// # Errors
    /// See [`RuleState::get`].
    fn delete(&mut self, event: u32, key: &str) -> Result<(), StateError>;

    /// Adds `amount` and returns the sum over the window.
    ///
    /// # Errors
    /// See [`RuleState::get`].
    fn count(&mut self, event: u32, key: &str, amount: u32, window_ms: u64) -> Result<u64, StateError>;

    /// Adds `value` and returns the number of different ones in the window.
    ///
    /// # Errors
    /// See [`RuleState::get`].
    fn distinct(&mut self, event: u32, key: &str, value: Option<&str>, window_ms: u64) -> Result<u64, StateError>;

    /// Moves what `key` holds to `to`. Returns whether it held anything.
    ///
    /// # Errors
    /// See [`RuleState::get`].
    fn rename(&mut self, event: u32, key: &str, to: &str) -> Result<bool, StateError>;

    /// Sets or moves the reminder `name`.
    ///
    /// # Errors
    /// Fails when the rule has no interest in reminders.
    fn remind_at(&mut self, event: u32, name: &str, time_ns: u64) -> Result<(), StateError>;

    /// Takes a reminder back.
    ///
    /// # Errors
    /// See [`RuleState::get`].
    fn forget(&mut self, event: u32, name: &str) -> Result<(), StateError>;

    /// Writes a line of the rule's own log.
    fn log(&mut self, level: LogLevel, message: &str);
}

impl fmt::Debug for DescribedInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DescribedInstance").field("description", &self.description).finish_non_exhaustive()
    }
}
