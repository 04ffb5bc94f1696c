//! Parts of symptoms and alerts that many of them have alike: titles, attributes, groups, why. Equal ones are in
//! memory once.

use std::sync::Arc;

use crate::{
    evidence::EvidenceLine,
    recent::RecentValues,
    record::{Alert, SymptomState},
    shared_text::{SharedList, SharedText},
    why::Why,
};

/// The parts that were seen lately.
#[derive(Debug, Default)]
pub(crate) struct SharedParts {
    texts: RecentValues<SharedText>,
    lists: RecentValues<SharedList<String>>,
    attributes: RecentValues<SharedList<(String, String)>>,
    whys: RecentValues<Arc<Why>>,
}

impl SharedParts {
    /// Shares the parts of a symptom.
    pub(crate) fn share_symptom(&mut self, symptom: &mut SymptomState) {
        for text in [&mut symptom.name, &mut symptom.title, &mut symptom.recommendation, &mut symptom.module] {
            self.texts.share(text);
        }
        self.lists.share(&mut symptom.controls);
        self.attributes.share(&mut symptom.attributes);
    }

    /// Shares the parts of an alert.
    pub(crate) fn share_alert(&mut self, alert: &mut Alert) {
        for text in [&mut alert.definition, &mut alert.title] {
            self.texts.share(text);
        }
        for list in [&mut alert.symptoms, &mut alert.recommendations, &mut alert.controls, &mut alert.groups] {
            self.lists.share(list);
        }
        self.attributes.share(&mut alert.attributes);
        self.whys.share(&mut alert.why);
    }

    /// Shares the name of a line's source.
    pub(crate) fn share_source(&mut self, line: &mut EvidenceLine) {
        self.texts.share(&mut line.source);
    }
}
