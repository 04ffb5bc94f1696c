//! A guest that does one wrong thing, which its settings choose, on events whose message contains
//! `trigger`; on all others it raises one alert. Natively there is nothing here.
//!
//! It implements the bare contract, because the SDK would prevent some of this.

#[cfg(target_family = "wasm")]
mod answer;
#[cfg(target_family = "wasm")]
mod describe;
#[cfg(target_family = "wasm")]
mod evaluate;
#[cfg(target_family = "wasm")]
mod settings;

#[cfg(target_family = "wasm")]
mod guest {
    //! The exports.

    use std::cell::RefCell;

    use lifesigns_rule::{
        Description,
        bindings::{
            Guest, export,
            lifesigns::rule::types::{Answer, Batch},
        },
    };

    use crate::{describe, evaluate, settings::Settings};

    thread_local! {
        static SETTINGS: RefCell<Option<Settings>> = const { RefCell::new(None) };
    }

    struct Hostile;

    impl Guest for Hostile {
        fn describe(settings: String) -> Result<Description, String> {
            let settings: Settings = serde_json::from_str(&settings).map_err(|error| error.to_string())?;
            let description = describe::describe(&settings)?;
            SETTINGS.with(|slot| *slot.borrow_mut() = Some(settings));
            Ok(description)
        }

        fn evaluate(events: Batch) -> Answer {
            SETTINGS.with(|slot| match &*slot.borrow() {
                Some(settings) => evaluate::evaluate(settings.act, &events),
                None => panic!("evaluate was called before describe"),
            })
        }
    }

    export!(Hostile with_types_in lifesigns_rule::bindings);
}
