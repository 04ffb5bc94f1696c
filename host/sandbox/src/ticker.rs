//! The epoch clock: one thread that makes deadlines pass, for as long as the engine lives.

use std::time::Duration;

use wasmtime::Engine;

/// How often the epoch advances.
const TICK: Duration = Duration::from_millis(5);

/// Starts the thread. It ends by itself when the engine is gone.
pub(crate) fn start(engine: &Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    std::thread::Builder::new().name("lifesigns-epoch".into()).spawn(move || {
        loop {
            std::thread::sleep(TICK);
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => return,
            }
        }
    })?;
    Ok(())
}

/// How many ticks make at least `ms` milliseconds: one more than the quotient, because the first
/// tick may come at once.
pub(crate) fn ticks(ms: u64) -> u64 {
    let tick = TICK.as_millis() as u64;
    ms.div_ceil(tick) + 1
}

/// The longest time until such a deadline ends a call, in milliseconds, while the clock is not late.
pub(crate) fn longest_ms(ms: u64) -> u64 {
    ticks(ms).saturating_mul(TICK.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::ticks;

    #[test]
    fn a_deadline_is_never_shorter_than_asked() {
        assert_eq!(ticks(1), 2);
        assert_eq!(ticks(5), 2);
        assert_eq!(ticks(6), 3);
        assert_eq!(ticks(100), 21);
    }
}
