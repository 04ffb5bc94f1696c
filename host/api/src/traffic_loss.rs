//! What of a source's traffic was lost, or was not as it should be: one table for all who show it.

use crate::status::TrafficStatus;

/// One kind of loss, and how often it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrafficLoss {
    /// How often.
    pub count: u64,
    /// The kind, as the metric `lifesigns_source_KIND_total` names it.
    pub kind: &'static str,
    /// What was lost, in some words; they follow the number: `line cut`, `lines cut`.
    pub short: &'static str,
    /// The same in full; it follows the number too.
    pub text: &'static str,
    /// What to do about it; empty if that is for the sender to see.
    pub advice: &'static str,
    /// Whether lines are gone that nothing brings back.
    pub is_final: bool,
}

/// What people read of one loss, or of several.
struct Words {
    short: &'static str,
    text: &'static str,
}

const fn words(short: &'static str, text: &'static str) -> Words {
    Words { short, text }
}

impl TrafficLoss {
    const fn new(kind: &'static str, count: u64, [one, many]: [Words; 2], advice: &'static str) -> Self {
        let Words { short, text } = if count == 1 { one } else { many };
        Self { count, kind, short, text, advice, is_final: false }
    }
}

impl TrafficStatus {
    /// Returns all kinds of losses, the worst first, those too that did not happen.
    pub const fn all_losses(&self) -> [TrafficLoss; 6] {
        let dropped = TrafficLoss::new(
            "dropped",
            self.dropped,
            [
                words("datagram dropped", "datagram was dropped by the kernel: it came faster than it was read"),
                words(
                    "datagrams dropped",
                    "datagrams were dropped by the kernel: they came faster than they were read",
                ),
            ],
            "raise `net.core.rmem_max` and start the host again, or let senders use TCP, which waits",
        );
        [
            TrafficLoss { is_final: true, ..dropped },
            TrafficLoss::new(
                "refused_connections",
                self.refused,
                [
                    words("connection refused", "connection was refused: too many were open"),
                    words("connections refused", "connections were refused: too many were open"),
                ],
                "raise the source's `limits`, or find out which peers open them",
            ),
            TrafficLoss::new(
                "rejected",
                self.rejected,
                [
                    words("item or request rejected", "item or request was rejected, and the sender was answered why"),
                    words(
                        "items or requests rejected",
                        "items or requests were rejected, and the sender was answered why",
                    ),
                ],
                "correct what is sent: `lifesigns status` has the last reason",
            ),
            TrafficLoss::new(
                "cut_lines",
                self.cut,
                [words("line cut", "line was too long and cut"), words("lines cut", "lines were too long and cut")],
                "",
            ),
            TrafficLoss::new(
                "malformed",
                self.malformed,
                [
                    words("line malformed", "line was malformed and kept as plain text"),
                    words("lines malformed", "lines were malformed and kept as plain text"),
                ],
                "",
            ),
            TrafficLoss::new(
                "turned_away_requests",
                self.turned_away,
                [
                    words("request asked to come again", "request was asked to come again: too much was on its way"),
                    words("requests asked to come again", "requests were asked to come again: too much was on its way"),
                ],
                "",
            ),
        ]
    }

    /// Returns what was lost, the worst first; nothing that did not happen.
    pub fn losses(&self) -> impl Iterator<Item = TrafficLoss> {
        self.all_losses().into_iter().filter(|loss| loss.count > 0)
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
        assert_eq!(losses, [(2, "datagrams dropped"), (1, "line cut")]);
    }
}
