//! What of a source's traffic was lost, or was not as it should be: one table for all who show it.

use crate::status::TrafficStatus;

/// One kind of loss, and how often it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrafficLoss {
    /// How often, at least once.
    pub count: u64,
    /// What was lost, in a word or two; the text follows the number.
    pub short: &'static str,
    /// The same in full; it follows the number too.
    pub text: &'static str,
    /// What to do about it; empty if that is for the sender to see.
    pub advice: &'static str,
    /// Whether lines are gone that nothing brings back.
    pub is_final: bool,
}

impl TrafficStatus {
    /// Returns what was lost, the worst first; nothing that did not happen.
    pub fn losses(&self) -> impl Iterator<Item = TrafficLoss> {
        let all = [
            TrafficLoss {
                count: self.dropped,
                short: "dropped",
                text: "datagrams were dropped by the kernel: they came faster than they were read",
                advice: "raise `net.core.rmem_max` and start the host again, or let senders use TCP, which waits",
                is_final: true,
            },
            TrafficLoss {
                count: self.refused,
                short: "connections refused",
                text: "connections were refused: too many were open",
                advice: "raise the source's `limits`, or find out which peers open them",
                is_final: false,
            },
            TrafficLoss {
                count: self.rejected,
                short: "rejected",
                text: "items or requests were rejected, and the sender was answered why",
                advice: "correct what is sent: `lifesigns status` has the last reason",
                is_final: false,
            },
            TrafficLoss {
                count: self.cut,
                short: "cut",
                text: "lines were too long and cut",
                advice: "",
                is_final: false,
            },
            TrafficLoss {
                count: self.malformed,
                short: "malformed",
                text: "lines were malformed and kept as plain text",
                advice: "",
                is_final: false,
            },
            TrafficLoss {
                count: self.turned_away,
                short: "asked to come again",
                text: "requests were asked to come again: too much was on its way",
                advice: "",
                is_final: false,
            },
        ];
        all.into_iter().filter(|loss| loss.count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_happen_is_no_loss_and_the_worst_is_first() {
        assert_eq!(TrafficStatus { lines: 7, skipped: 1, ..TrafficStatus::default() }.losses().count(), 0);
        let some = TrafficStatus { cut: 1, dropped: 2, ..TrafficStatus::default() };
        let losses: Vec<(u64, &str)> = some.losses().map(|loss| (loss.count, loss.short)).collect();
        assert_eq!(losses, [(2, "dropped"), (1, "cut")]);
    }
}
