//! What every second rule asks: is something over a threshold within a window, and when is it below again?

use crate::{Event, Kind, State, duration::Duration};

/// What an event changed about a [`Threshold`], with the present count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// The threshold was reached.
    Up(u64),
    /// The count is below it again.
    Down(u64),
    /// Neither: it stays on its side.
    Same(u64),
}

/// A count over a window of time, for each object, and the threshold that it may reach. It sets a reminder for the very
/// moment at which it falls below the threshold without further events, so a rule that has one needs
/// [`Interest::reminder`](crate::Interest::reminder).
///
/// ```
/// use lifesigns_rule::{
///     Alerts, Description, Edge, Event, Interest, Rule, Symptom, Threshold, settings::Duration, testing::Bench,
/// };
///
/// struct Refusals(Threshold);
///
/// impl Rule for Refusals {
///     type Settings = ();
///
///     fn new((): ()) -> Result<Self, String> {
///         Ok(Self(Threshold::events("refusals", 3, Duration::from_secs(60))))
///     }
///
///     fn describe(&self) -> Description {
///         Description::new("refusals", "1.0.0")
///             .symptom(Symptom::new("many-refusals", "Many connections are refused"))
///             .interest(Interest::log().contains(["connection refused"]))
///             .interest(Interest::reminder())
///     }
///
///     fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>) {
///         match self.0.see(event) {
///             Edge::Up(count) => drop(alerts.raise("many-refusals", format!("{count} refusals within a minute"))),
///             Edge::Down(_) => drop(alerts.clear("many-refusals", "fewer refusals again")),
///             Edge::Same(_) => {}
///         }
///     }
/// }
///
/// let mut bench = Bench::<Refusals>::new("{}").unwrap();
/// for second in [10, 20, 30] {
///     bench.at_ms(second * 1000).log("vm-1", "connection refused");
/// }
/// let alerts = bench.advance_to_ms(600_000);
/// // The first of the three is a minute old then.
/// assert_eq!((alerts.len(), alerts[0].time_ns), (1, 70_000_000_000));
/// ```
#[derive(Clone, Debug)]
pub struct Threshold {
    name: String,
    raised: String,
    at_least: u64,
    window: Duration,
    is_distinct: bool,
}

impl Threshold {
    /// Counts events. `name` is that of its reminder, and of its counter in the rule's state; the threshold is reached
    /// by `at_least` events within `window`.
    pub fn events(name: &str, at_least: u32, window: Duration) -> Self {
        Self::new(name, at_least, window, false)
    }

    /// Counts different values, up to the 4096 that the host remembers; otherwise as [`Threshold::events`].
    pub fn different_values(name: &str, at_least: u32, window: Duration) -> Self {
        Self::new(name, at_least, window, true)
    }

    fn new(name: &str, at_least: u32, window: Duration, is_distinct: bool) -> Self {
        let at_least = u64::from(at_least.max(1));
        Self { name: name.to_owned(), raised: format!("{name}:raised"), at_least, window, is_distinct }
    }

    /// Counts an event, or looks again if it is this threshold's own reminder. Other events change nothing: a rule may
    /// pass all of its events on.
    pub fn see(&self, event: &Event<'_>) -> Edge {
        if event.kind() == Kind::Log {
            event.state().count(&self.name, 1, self.window.ms());
        }
        self.look(event)
    }

    /// Notes a value that an event has, or looks again if there is none.
    pub fn note(&self, event: &Event<'_>, value: Option<&str>) -> Edge {
        if let Some(value) = value {
            event.state().distinct(&self.name, value, self.window.ms());
        }
        self.look(event)
    }

    fn look(&self, event: &Event<'_>) -> Edge {
        let (state, now_ns) = (event.state(), event.time_ns());
        let count = self.within(&state, self.window.ms());
        let raised_ns: Option<u64> = state.get_str(&self.raised).and_then(|text| text.parse().ok());
        let is_reminder = event.kind() == Kind::Reminder && event.message() == self.name;
        match (raised_ns, count >= self.at_least) {
            (None, true) => {
                state.set(&self.raised, now_ns.to_string(), 0);
                self.remind(&state, now_ns);
                Edge::Up(count)
            }
            // An event that comes late sees the past.
            (Some(raised_ns), false) if now_ns >= raised_ns => {
                state.delete(&self.raised);
                state.forget(&self.name);
                Edge::Down(count)
            }
            (Some(_), true) if is_reminder => {
                self.remind(&state, now_ns);
                Edge::Same(count)
            }
            _ => Edge::Same(count),
        }
    }

    fn within(&self, state: &State<'_>, window_ms: u64) -> u64 {
        if self.is_distinct { state.distinct_now(&self.name, window_ms) } else { state.count(&self.name, 0, window_ms) }
    }

    /// Sets the reminder for the moment at which the count falls below the threshold if nothing more comes: after so
    /// many milliseconds, only what lies within a window that is shorter by as many is left.
    fn remind(&self, state: &State<'_>, now_ns: u64) {
        let (mut over_ms, mut below_ms) = (0, self.window.ms());
        while below_ms - over_ms > 1 {
            let middle = u64::midpoint(over_ms, below_ms);
            if self.within(state, self.window.ms() - middle) >= self.at_least {
                over_ms = middle;
            } else {
                below_ms = middle;
            }
        }
        state.remind_at(&self.name, now_ns.saturating_add(below_ms.saturating_mul(1_000_000)));
    }
}
