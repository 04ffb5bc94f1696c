//! One message that is being delivered, with the notices in it.

use std::collections::BTreeMap;

use lifesigns_compliance::WithheldNotice;

use crate::message::Message;

/// The most notices in one message.
pub(super) const MAX_NOTICES: usize = 256;

/// What a bundle is identified by: the values that its notices share, and the alert if they are not grouped.
pub(crate) type BundleKey = (BTreeMap<String, String>, Option<String>);

/// A message and the notices whose result it decides.
#[derive(Debug)]
pub(crate) struct DeliveryBatch {
    pub(super) bundle_key: BundleKey,
    pub(super) ids: Vec<u64>,
    /// The alert and revision of each notice, in the same order.
    pub(super) about: Vec<WithheldNotice>,
    pub(super) attempts: u32,
    pub(super) not_before_ns: u64,
    pub(super) tried_ns: u64,
    pub(super) bytes: usize,
    pub(super) interval_ms: u64,
    pub(crate) message: Message,
}

impl DeliveryBatch {
    /// Returns whether no notice of it is left to send.
    pub(crate) fn is_empty(&self) -> bool {
        self.message.notices.is_empty()
    }
}
