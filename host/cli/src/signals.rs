//! SIGTERM and SIGINT: stop reading, drain, end well. A second one ends at once. SIGHUP: read configuration
//! and rules again.

use lifesigns::model::WakeSignal;
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use crate::exit::{Failure, Outcome};

/// Stops `stop` when a signal comes.
pub(crate) fn stop_on_signal(stop: &WakeSignal) -> Outcome {
    let mut signals = Signals::new([SIGTERM, SIGINT])
        .map_err(|error| Failure::Failed(format!("signals cannot be received: {error}")))?;
    let stop = stop.clone();
    std::thread::spawn(move || {
        for signal in signals.forever() {
            if stop.is_stopped() {
                // A second signal ends the process at once.
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
            stop.stop();
        }
    });
    Ok(())
}

/// Returns the signals that ask for a reload. From then on they end no process.
pub(crate) fn hangups() -> Result<Signals, Failure> {
    Signals::new([SIGHUP]).map_err(|error| Failure::Failed(format!("signals cannot be received: {error}")))
}

/// Calls `reload` at each of the signals, on a thread of its own.
pub(crate) fn reload_on_hangup(mut hangups: Signals, reload: impl Fn() + Send + 'static) {
    std::thread::spawn(move || hangups.forever().for_each(|_| reload()));
}
