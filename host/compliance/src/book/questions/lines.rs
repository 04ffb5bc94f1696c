//! Parts of answers that several questions share.

use crate::{book::state::BookState, query::ObjectLine, record::Object, undecided::UndecidedExpression};

/// Returns an object as it is listed.
pub(crate) fn object_line(state: &BookState, object: &Object) -> ObjectLine {
    ObjectLine {
        object: object.clone(),
        groups: state.registry.groups_of(&object.id).map(|group| group.name.clone()).collect(),
        badge: state.badges.of_object(&object.id, state.config().badge),
        symptoms: state.objects.active(&object.id).map(|name| name.to_string()).collect(),
    }
}

/// Returns the expressions that cannot be decided on an object: of groups, then of definitions.
pub(crate) fn undecided_on(state: &BookState, object: &str) -> Vec<UndecidedExpression> {
    let mut all = state.registry.undecided_of(object);
    all.extend(state.undecided.of(&state.compiled, object));
    all
}
