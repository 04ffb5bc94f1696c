//! One instance of a module: a store, a deadline, and the errors that a call can end with.

use std::sync::Arc;

use lifesigns_model::{
    DeclaredSetting, DescribedInstance, EventBatch, InstanceError, InstantiateError, Limits, RuleAlertBatch,
    RuleInstance, RuleState, SettingsMistakes, limits::ERROR_BYTES,
};
use lifesigns_text::quoted;
use wasmtime::{
    Engine, Store, Trap,
    component::{ComponentType, Instance, Lift, TypedFunc},
};

use crate::{
    answer::{AnswerBounds, accept},
    bindings::{Rule, RulePre},
    convert,
    counted::Deadline,
    describe,
    memory::MemoryBudget,
    store_data::StoreData,
};

/// Bytes, as wasmtime counts them, that a guest may pass to the host in one call.
const HOSTCALL_BYTES: usize = 16 << 20;
/// Lines of what a module says about wrong settings.
const MISTAKES: usize = 64;
/// Settings that are shown, and the bytes of each of their texts.
const SETTINGS: usize = 256;
const SETTING_BYTES: usize = 512;

/// `record setting` of the contract: the world that bindings are made for has no use for it.
#[derive(ComponentType, Lift)]
#[component(record)]
struct Setting {
    name: String,
    kind: String,
    default: Option<String>,
    required: bool,
    summary: String,
}

/// The export `migrate`, with its parameters.
type Migrate = TypedFunc<(u32, Vec<Vec<String>>), ()>;

/// An instance that has been described. After an error it must not be called again.
pub(crate) struct WasmInstance {
    store: Store<StoreData>,
    rule: Rule,
    /// `None` unless its description says that it migrates.
    migrate: Option<Migrate>,
    symptoms: usize,
    limits: Limits,
    deadline: Deadline,
}

impl WasmInstance {
    pub(crate) fn open(
        engine: &Engine,
        linked: &RulePre<StoreData>,
        settings: &str,
        (limits, deadline): (&Limits, Deadline),
        budget: &Arc<MemoryBudget>,
    ) -> Result<DescribedInstance, InstantiateError> {
        let mut store = new_store(engine, limits, budget);
        arm(&mut store, deadline);
        let instance =
            linked.instance_pre().instantiate(&mut store).map_err(|error| failure(&mut store, &error, limits))?;
        let rule = Rule::new(&mut store, &instance).map_err(|error| failure(&mut store, &error, limits))?;
        let described =
            rule.call_describe(&mut store, settings).map_err(|error| failure(&mut store, &error, limits))?;
        let description = convert::description(described.map_err(|text| InstantiateError::Settings(mistakes(&text)))?);
        describe::check(&description).map_err(InstantiateError::Description)?;
        let symptoms = description.symptoms.len();
        let mut migrate = None;
        if description.migrates_from < description.state_version {
            migrate = Some(migrate_of(&mut store, &instance).map_err(InstantiateError::Description)?);
        }
        Ok(DescribedInstance {
            instance: Box::new(Self { store, rule, migrate, symptoms, limits: limits.clone(), deadline }),
            description,
        })
    }

    /// Makes a call with `state`, which is passed in for its length.
    fn with_state<T>(
        &mut self,
        state: Box<dyn RuleState>,
        call: impl FnOnce(&mut Self) -> wasmtime::Result<T>,
    ) -> (Box<dyn RuleState>, Result<T, InstanceError>) {
        arm(&mut self.store, self.deadline);
        self.store.data_mut().state = Some(state);
        self.store.data_mut().panic = None;
        let returned = call(self);
        let state =
            self.store.data_mut().state.take().expect("only this function takes it, and it has just put it there");
        (state, returned.map_err(|error| failure(&mut self.store, &error, &self.limits)))
    }
}

/// Returns the export `migrate`.
fn migrate_of(store: &mut Store<StoreData>, instance: &Instance) -> Result<Migrate, String> {
    let migrate = instance.get_func(&mut *store, "migrate");
    let migrate = migrate.ok_or("it says that it migrates state, and exports no `migrate`: build it with the SDK")?;
    migrate.typed(&store).map_err(|error| quoted(&format!("its `migrate`: {error:#}"), ERROR_BYTES))
}

/// Returns the settings that a module declares; none if it does not.
pub(crate) fn declared_settings(
    engine: &Engine,
    linked: &RulePre<StoreData>,
    limits: &Limits,
    budget: &Arc<MemoryBudget>,
) -> Result<Vec<DeclaredSetting>, InstanceError> {
    let mut store = new_store(engine, limits, budget);
    arm(&mut store, Deadline::ticks(limits));
    let instance =
        linked.instance_pre().instantiate(&mut store).map_err(|error| failure(&mut store, &error, limits))?;
    let Some(settings) = instance.get_func(&mut store, "settings") else { return Ok(Vec::new()) };
    let Ok(settings) = settings.typed::<(), (Vec<Setting>,)>(&store) else { return Ok(Vec::new()) };
    let (settings,) = settings.call(&mut store, ()).map_err(|error| failure(&mut store, &error, limits))?;
    let text = |text: &str| quoted(text, SETTING_BYTES);
    let declared = |setting: &Setting| DeclaredSetting {
        name: text(&setting.name),
        kind: text(&setting.kind),
        default: setting.default.as_deref().map(text),
        required: setting.required,
        summary: text(&setting.summary),
    };
    Ok(settings.iter().take(SETTINGS).map(declared).collect())
}

fn new_store(engine: &Engine, limits: &Limits, budget: &Arc<MemoryBudget>) -> Store<StoreData> {
    let mut store = Store::new(engine, StoreData::new(limits.memory_bytes, budget));
    store.limiter(|data| data);
    store.set_hostcall_fuel(HOSTCALL_BYTES);
    store.set_max_component_handles(16);
    store
}

/// Sets how the next call ends if it does not return.
fn arm(store: &mut Store<StoreData>, deadline: Deadline) {
    match deadline {
        Deadline::Ticks(ticks) => store.set_epoch_deadline(ticks),
        Deadline::Instructions { instructions, host_calls } => {
            // It fails only for an engine that does not count.
            let counts = store.set_fuel(instructions);
            debug_assert!(counts.is_ok(), "the engine counts");
            store.data_mut().host_calls = Some(host_calls);
        }
    }
}

/// Returns what a module says about its settings, a line a mistake, safe and bounded.
fn mistakes(text: &str) -> SettingsMistakes {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).take(MISTAKES);
    let mut all: Vec<String> = lines.map(|line| quoted(line, ERROR_BYTES)).collect();
    if all.is_empty() {
        all.push("it does not say why".to_owned());
    }
    SettingsMistakes(all)
}

impl RuleInstance for WasmInstance {
    fn evaluate(
        &mut self,
        batch: &EventBatch,
        state: Box<dyn RuleState>,
        answer: &mut RuleAlertBatch,
    ) -> (Box<dyn RuleState>, Result<(), InstanceError>) {
        let (state, returned) =
            self.with_state(state, |this| this.rule.call_evaluate(&mut this.store, convert::batch(batch)));
        let bounds = AnswerBounds { events: batch.len(), symptoms: self.symptoms, limits: &self.limits };
        (state, returned.and_then(|returned| accept(returned, &bounds, answer)))
    }

    fn migrate(
        &mut self,
        version: u32,
        objects: &[Vec<String>],
        state: Box<dyn RuleState>,
    ) -> (Box<dyn RuleState>, Result<(), InstanceError>) {
        let Some(migrate) = self.migrate else {
            return (state, Err(InstanceError::Call("it has no `migrate`".to_owned())));
        };
        self.with_state(state, |this| migrate.call(&mut this.store, (version, objects.to_vec())))
    }
}

/// Returns why a call failed, as the model's error.
fn failure(store: &mut Store<StoreData>, error: &wasmtime::Error, limits: &Limits) -> InstanceError {
    let data = store.data_mut();
    if let Some(broken) = data.broken.take() {
        return InstanceError::Call(quoted(&broken.to_string(), ERROR_BYTES));
    }
    if let Some(denied) = data.denied.take() {
        return denied;
    }
    if std::mem::take(&mut data.is_exhausted) {
        return InstanceError::Deadline { deadline_ms: limits.deadline_ms };
    }
    if let Some(panic) = data.panic.take() {
        return InstanceError::Panic(quoted(&panic, ERROR_BYTES));
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt | Trap::OutOfFuel) => InstanceError::Deadline { deadline_ms: limits.deadline_ms },
        Some(trap) => InstanceError::Trap(trap.to_string()),
        None => InstanceError::Trap(quoted(&format!("{:#}", error.root_cause()), ERROR_BYTES)),
    }
}
