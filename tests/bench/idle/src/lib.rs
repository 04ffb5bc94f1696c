//! A rule that wants four fields and does nothing with them: what remains is the way across the wall.

use lifesigns_rule::{Alerts, Description, Event, Interest, Kinds, Rule, Symptom};

/// The rule.
#[derive(Debug)]
pub struct Idle;

impl Rule for Idle {
    type Settings = ();

    fn new((): ()) -> Result<Self, String> {
        Ok(Self)
    }

    fn describe(&self) -> Description {
        Description::new("idle", env!("CARGO_PKG_VERSION"))
            .symptom(Symptom::new("never", "Never raised"))
            .interest(Interest::of(Kinds::LOG).contains(["idle"]))
            .fields(["level", "msg", "method", "path"])
    }

    fn evaluate(&self, event: &Event<'_>, _: &mut Alerts<'_>) {
        // Touch the event, so that nothing of it can be left out.
        std::hint::black_box(event.time_ns());
    }
}

lifesigns_rule::export!(Idle);
