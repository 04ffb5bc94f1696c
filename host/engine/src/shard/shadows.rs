//! What becomes of a shadow's state when its rule has no shadow any more.

use std::collections::BTreeSet;

use lifesigns_model::{RuleKey, StateChange};

use super::Shard;
use crate::event_sink::EventSink;

impl Shard {
    /// Discards state and reminders of all shadows but those of the rules with these names.
    pub(crate) fn retain_shadows(&mut self, names: &BTreeSet<String>, sink: &mut dyn EventSink) {
        self.flush(sink);
        let goes = |key: &RuleKey| key.is_shadow() && !names.contains(&*key.name);
        // The generation without them comes with the next line.
        for runner in &mut self.runners {
            if let Some(ended) = runner.take_if(|runner| goes(&runner.rule.key)) {
                let key = ended.rule.key.clone();
                self.states.extend(ended.into_state().map(|state| (key, state)));
            }
        }
        let ended: Vec<RuleKey> = self.states.keys().filter(|key| goes(key)).cloned().collect();
        for rule in ended {
            let Some(mut state) = self.states.remove(&rule) else { continue };
            for object in state.objects() {
                let id = &self.objects.get(object).id;
                self.gone.extend(state.evict(object).into_iter().map(|key| StateChange {
                    rule: rule.clone(),
                    object: id.to_string(),
                    key: key.into(),
                    version: 0,
                    entry: None,
                }));
            }
        }
        self.objects.forget_rules(goes);
    }
}
