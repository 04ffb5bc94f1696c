//! `lifesigns rule …`.

use crate::{
    args::RuleCommand,
    exit::{Failure, Outcome},
};

pub(crate) fn run(_command: &RuleCommand) -> Outcome {
    Err(Failure::Failed("not yet".into()))
}
