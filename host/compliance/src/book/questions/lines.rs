//! Parts of answers that several questions share.

use crate::{book::view::BookView, query::ObjectRow, record::Object, undecided::UndecidedExpression};

/// Returns an object as it is listed.
pub(crate) fn object_line(view: &BookView, object: &Object) -> ObjectRow {
    ObjectRow {
        object: object.clone(),
        groups: view.registry.groups().of(&object.id).map(|group| group.name.clone()).collect(),
        badge: view.badges.of_object(&object.id, view.config().badge),
        symptoms: view.objects.active(&object.id).map(|name| name.to_string()).collect(),
    }
}

/// Returns the expressions that cannot be decided on an object: of groups, then of definitions.
pub(crate) fn undecided_on(view: &BookView, object: &str) -> Vec<UndecidedExpression> {
    let mut all = view.registry.groups().undecided_of(object);
    all.extend(view.undecided.of(&view.compiled, object));
    all
}
