//! What policy says about an alert on an object, without the why: small enough to be remembered.

use std::{collections::BTreeMap, sync::Arc};

use lifesigns_model::Criticality;

use super::{Book, page::Id};
use crate::{query::Resolution, resolver::PolicyResolver};

/// See [`Resolution`].
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ruling {
    pub(super) enabled: bool,
    pub(super) allowed: bool,
    /// The rank of the policy that allows or forbids the name; 0 is the strongest.
    pub(super) allow_rank: Option<usize>,
    pub(super) criticality: Option<Criticality>,
    /// It is not better than this, whatever else says how bad it is.
    pub(super) at_least: Option<Criticality>,
    /// The definition's, with what policies override.
    pub(super) thresholds: BTreeMap<String, f64>,
    pub(super) receivers: Option<Vec<String>>,
    pub(super) recommendations: Option<Vec<String>>,
}

impl Book {
    /// What policy says about `name` on `object`; looked up once until groups, configuration or
    /// hours change.
    pub(super) fn ruling(&mut self, object: &Id, name: &Id) -> Arc<Ruling> {
        if let Some(ruling) = self.pages.get(object).and_then(|page| page.rulings.get(name)) {
            return Arc::clone(ruling);
        }
        let ruling = self.ruling_once(object, name);
        // Most objects are ruled alike: they share one.
        let ruling = match ruling == *self.usual {
            true => Arc::clone(&self.usual),
            false => Arc::new(ruling),
        };
        if let Some(page) = self.pages.get_mut(object) {
            page.rulings.insert(Arc::clone(name), Arc::clone(&ruling));
        }
        ruling
    }

    /// As [`Book::ruling`], for a question: nothing is remembered.
    pub(super) fn ruling_once(&self, object: &str, name: &str) -> Ruling {
        let said = self.resolution(object, name);
        let mut thresholds =
            self.compiled.definition(name).map(|definition| definition.thresholds.clone()).unwrap_or_default();
        thresholds.extend(said.thresholds);
        Ruling {
            enabled: said.enabled,
            allowed: said.allowed,
            allow_rank: said.allow_rank,
            criticality: said.criticality,
            at_least: said.at_least,
            thresholds,
            receivers: said.receivers,
            recommendations: said.recommendations,
        }
    }

    /// What policy says, with the why.
    pub(super) fn resolution(&self, object: &str, name: &str) -> Resolution {
        PolicyResolver::new(&self.registry, self.clock_ns).resolve(object, name)
    }
}
