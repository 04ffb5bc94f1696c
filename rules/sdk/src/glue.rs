//! The exports of the Wasm world, implemented by a [`Rule`].

use std::cell::RefCell;

use crate::{
    Description, Level, Rule,
    bindings::{Batch, Setting},
    host::{Host as _, Imports},
    native::{Answer, Columns, Native},
    settings::{RuleSettings as _, SettingSpec},
};

/// Makes panics say where they happened and why, in the host's log and wherever it shows the failure.
#[doc(hidden)]
#[expect(clippy::disallowed_methods, reason = "a module is a process of its own: the rule's")]
pub fn report_panics() {
    std::panic::set_hook(Box::new(|panic| Imports.log(Level::Error, &panic.to_string())));
}

/// The rule that this module instance was described with.
#[doc(hidden)]
pub struct Instance<R>(RefCell<Option<Native<R>>>);

impl<R: Rule> Instance<R> {
    pub const fn new() -> Self {
        Self(RefCell::new(None))
    }

    pub fn settings() -> Vec<Setting> {
        R::Settings::SETTINGS.iter().map(SettingSpec::setting).collect()
    }

    pub fn describe(&self, settings: &str) -> Result<Description, String> {
        let native = Native::new(settings)?;
        // Described once more: a copy would bring the code for it into every module.
        let description = native.described();
        *self.0.borrow_mut() = Some(native);
        Ok(description)
    }

    pub fn evaluate(&self, batch: &Batch) -> Answer {
        let columns = Columns {
            text: &batch.text,
            times_ns: &batch.times_ns,
            kinds: &batch.kinds,
            spans: &batch.spans,
            numbers: &batch.numbers,
        };
        match &*self.0.borrow() {
            Some(native) => native.evaluate(columns, &Imports),
            None => panic!("evaluate was called before describe"),
        }
    }

    pub fn migrate(&self, version: u32, objects: &[Vec<String>]) {
        match &*self.0.borrow() {
            Some(native) => native.migrate(version, objects, &Imports),
            None => panic!("migrate was called before describe"),
        }
    }
}

impl<R: Rule> Default for Instance<R> {
    fn default() -> Self {
        Self::new()
    }
}

/// Makes the crate a rule module: exports `describe` and `evaluate` for a type that implements
/// [`Rule`](crate::Rule). Natively it does nothing.
#[macro_export]
macro_rules! export {
    ($rule:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Component;

            #[global_allocator]
            static MEMORY: $crate::memory::RuleMemory = $crate::memory::RuleMemory::new();

            static INSTANCE: $crate::memory::OneThread<$crate::Instance<$rule>> =
                $crate::memory::OneThread($crate::Instance::new());

            impl $crate::bindings::Guest for Component {
                fn settings() -> std::vec::Vec<$crate::bindings::Setting> {
                    $crate::Instance::<$rule>::settings()
                }

                fn migrate(version: u32, objects: std::vec::Vec<std::vec::Vec<std::string::String>>) {
                    INSTANCE.0.migrate(version, &objects)
                }

                fn describe(
                    settings: std::string::String,
                ) -> std::result::Result<$crate::Description, std::string::String> {
                    $crate::report_panics();
                    INSTANCE.0.describe(&settings)
                }

                fn evaluate(
                    events: $crate::bindings::lifesigns::rule::types::Batch,
                ) -> $crate::bindings::lifesigns::rule::types::Answer {
                    INSTANCE.0.evaluate(&events)
                }
            }

    $crate::bindings::export!(Component with_types_in $crate::bindings);
        };
    };
}
