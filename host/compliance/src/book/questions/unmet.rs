//! Which parts of a condition are not met, in words.

use crate::{
    book::evaluation::condition::ConditionEvaluator, certainty::Certainty, condition::CompiledCondition, config::Scope,
};

impl ConditionEvaluator<'_> {
    /// Adds a line for each part of a condition that is missing; none if the condition holds.
    pub(crate) fn unmet(&mut self, condition: &CompiledCondition, lines: &mut Vec<String>) {
        if self.holds(condition, &mut None) != Certainty::No {
            return;
        }
        match condition {
            CompiledCondition::All(all) => all.iter().for_each(|one| self.unmet(one, lines)),
            CompiledCondition::Any(all) => self.few(1, all, lines),
            CompiledCondition::Count(least, all) => self.few((*least).max(1), all, lines),
            CompiledCondition::Not(one) => lines.push(format!("{}, and must not be so", self.says(one, true))),
            one => lines.push(self.says(one, false)),
        }
    }

    fn few(&mut self, least: usize, all: &[CompiledCondition], lines: &mut Vec<String>) {
        let met = all.iter().filter(|one| self.holds(one, &mut None) != Certainty::No).count();
        if all.len() > 1 {
            lines.push(format!("{met} of at least {least} is met; of these:"));
        }
        for one in all {
            let mut below = Vec::new();
            self.unmet(one, &mut below);
            let indent = if all.len() > 1 { "  " } else { "" };
            lines.extend(below.into_iter().map(|line| format!("{indent}{line}")));
        }
    }

    /// Returns in words that a condition is met, or is not.
    fn says(&self, condition: &CompiledCondition, met: bool) -> String {
        let not = if met { "" } else { "not " };
        match condition {
            CompiledCondition::Symptom(pattern, scope) => {
                format!("symptom {pattern} is {not}active{}", self.whose(*scope))
            }
            CompiledCondition::Fact(expression, scope) => {
                let does = if met { "holds" } else { "does not hold" };
                format!("`{}` {does}{}", expression.text(), self.whose(*scope))
            }
            CompiledCondition::Not(one) => self.says(one, !met),
            CompiledCondition::All(_) | CompiledCondition::Any(_) | CompiledCondition::Count(..) => {
                format!("a group of conditions is {not}met")
            }
        }
    }

    fn whose(&self, scope: Scope) -> String {
        match scope {
            Scope::Own => String::new(),
            Scope::Parent => match self.context.parent(self.object) {
                Some(parent) if self.context.registry.object(parent).is_some() => format!(" on its parent {parent}"),
                Some(parent) => format!(" on its parent {parent}, of which nothing is known"),
                None => ": it has no parent".to_owned(),
            },
            Scope::Children => match self.context.registry.children(self.object).count() {
                0 => ": it has no children".to_owned(),
                many => format!(" on any of its {many} children"),
            },
        }
    }
}
