//! Checks an expression: its length and depth before it is parsed, then its names, which are collected.

use cel::{
    Program,
    common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators},
};

use lifesigns_text::suggestion;

use super::{
    nesting,
    references::{NameSet, References},
};
use crate::limits::{EXPRESSION_BYTES, EXPRESSION_LOOP_DEPTH, EXPRESSION_LOOPS, EXPRESSION_MAPS};

const VARIABLES: [&str; 7] = ["id", "kind", "parent", "tags", "properties", "metrics", "threshold"];
const FUNCTIONS: [&str; 16] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "int",
    "uint",
    "double",
    "string",
    "bool",
    "has",
    "all",
    "exists",
    "exists_one",
    "existsOne",
    "map",
    "filter",
];

/// Checks that `text` is short enough to be parsed and does not nest too deep.
pub(crate) fn bounded(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("the expression is empty".to_owned());
    }
    if text.len() > EXPRESSION_BYTES {
        return Err(format!("the expression is longer than {EXPRESSION_BYTES} bytes"));
    }
    nesting::check(text)
}

/// Checks the names that `program` uses, and returns what it refers to.
pub(crate) fn check(program: &Program, text: &str) -> Result<References, String> {
    let mut walk = ReferenceCollector {
        program,
        text,
        references: References::default(),
        bound: Vec::new(),
        loops: 0,
        depth: 0,
        maps: 0,
    };
    walk.expression(program.expression())?;
    Ok(walk.references)
}

struct ReferenceCollector<'a> {
    program: &'a Program,
    text: &'a str,
    references: References,
    /// Variables of the enclosing comprehensions.
    bound: Vec<&'a str>,
    loops: usize,
    depth: usize,
    maps: usize,
}

impl<'a> ReferenceCollector<'a> {
    fn expression(&mut self, expression: &'a IdedExpr) -> Result<(), String> {
        match &expression.expr {
            Expr::Unspecified | Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.variable(expression, name),
            Expr::Select(select) => {
                if let Some(names) = self.map(&select.operand) {
                    names.names.insert(select.field.clone());
                    return Ok(());
                }
                self.expression(&select.operand)
            }
            Expr::Call(call) => {
                if !is_operator(&call.func_name) && !FUNCTIONS.contains(&call.func_name.as_str()) {
                    let hint = suggestion(&call.func_name, FUNCTIONS);
                    return Err(self.at(expression, &format!("there is no function `{}`{hint}", call.func_name)));
                }
                if let Some((map, key)) = key_in_map(&call.func_name, &call.args)
                    && let Some(names) = self.map(map)
                {
                    names.names.insert(key.to_owned());
                    return Ok(());
                }
                call.target.iter().try_for_each(|target| self.expression(target))?;
                call.args.iter().try_for_each(|argument| self.expression(argument))
            }
            Expr::List(list) => list.elements.iter().try_for_each(|element| self.expression(element)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.expression(&entry.key)?;
                    self.expression(&entry.value)
                }
                EntryExpr::StructField(field) => self.expression(&field.value),
            }),
            Expr::Struct(_) => Err(self.at(expression, "there are no types of this kind here")),
            Expr::Comprehension(comprehension) => self.comprehension(expression, comprehension),
        }
    }

    fn variable(&mut self, expression: &IdedExpr, name: &str) -> Result<(), String> {
        // The accumulators of macros begin with `@`.
        if name.starts_with('@') || self.bound.contains(&name) {
            return Ok(());
        }
        match name {
            "id" => self.references.id = true,
            "kind" => self.references.kind = true,
            "parent" => self.references.parent = true,
            "tags" => {
                self.references.tags = true;
                self.references.properties.names.insert("tags".to_owned());
            }
            "properties" => self.references.properties.all = true,
            "metrics" => self.references.metrics.all = true,
            "threshold" => self.references.thresholds.all = true,
            _ => {
                let hint = suggestion(name, VARIABLES);
                let hint = if hint.is_empty() { format!("; there are {}", VARIABLES.join(", ")) } else { hint };
                return Err(self.at(expression, &format!("there is no `{name}`{hint}")));
            }
        }
        Ok(())
    }

    /// Returns the names collected for the map that `expression` names; `None` if it is not a map of facts.
    fn map(&mut self, expression: &IdedExpr) -> Option<&mut NameSet> {
        match &expression.expr {
            Expr::Ident(name) => match name.as_str() {
                "properties" => Some(&mut self.references.properties),
                "metrics" => Some(&mut self.references.metrics),
                "threshold" => Some(&mut self.references.thresholds),
                _ => None,
            },
            _ => None,
        }
    }

    fn comprehension(&mut self, expression: &IdedExpr, one: &'a ComprehensionExpr) -> Result<(), String> {
        let variables = [Some(&one.iter_var), one.iter_var2.as_ref(), Some(&one.accu_var)];
        for name in variables.iter().flatten() {
            if VARIABLES.contains(&name.as_str()) {
                return Err(self.at(
                    expression,
                    &format!("`{name}` is already the name of a fact; choose another name for the variable"),
                ));
            }
        }
        self.loops += 1;
        self.maps += usize::from(lengthens(one));
        if self.loops > EXPRESSION_LOOPS {
            return Err(self.at(expression, &format!("more than {EXPRESSION_LOOPS} of `exists`, `all`, `filter` …")));
        }
        if self.maps > EXPRESSION_MAPS {
            return Err(self.at(expression, &format!("more than {EXPRESSION_MAPS} `map`")));
        }
        self.expression(&one.iter_range)?;
        self.depth += 1;
        if self.depth > EXPRESSION_LOOP_DEPTH {
            let text = format!("`exists`, `all`, `filter` … are nested more than {EXPRESSION_LOOP_DEPTH} deep");
            return Err(self.at(expression, &text));
        }
        let outside = self.bound.len();
        self.bound.extend(variables.into_iter().flatten().map(String::as_str));
        [&one.accu_init, &one.loop_cond, &one.loop_step, &one.result]
            .into_iter()
            .try_for_each(|part| self.expression(part))?;
        self.bound.truncate(outside);
        self.depth -= 1;
        Ok(())
    }

    /// Returns `message` with the line and column of `expression`.
    fn at(&self, expression: &IdedExpr, message: &str) -> String {
        at(self.program, self.text, expression.id, message)
    }
}

/// Returns `message` with the line and column in `text` of the part of `program` that has this id.
pub(crate) fn at(program: &Program, text: &str, id: u64, message: &str) -> String {
    let Some((start, _)) = program.source_info().offset_for(id) else { return message.to_owned() };
    let before = text.get(..start as usize).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{line}:{column}: {message}")
}

fn is_operator(name: &str) -> bool {
    name.starts_with(['_', '!', '@', '-'])
}

/// Returns the map and the key of `map["key"]` and of `"key" in map`.
fn key_in_map<'a>(function: &str, arguments: &'a [IdedExpr]) -> Option<(&'a IdedExpr, &'a str)> {
    let [first, second] = arguments else { return None };
    let (map, key) = match function {
        operators::INDEX => (first, second),
        operators::IN => (second, first),
        _ => return None,
    };
    match &key.expr {
        Expr::Literal(LiteralValue::String(key)) => Some((map, key.inner())),
        _ => None,
    }
}

/// Returns whether the comprehension builds a list of other elements than those it iterates over, as `map`
/// does.
fn lengthens(one: &ComprehensionExpr) -> bool {
    let step = match &one.loop_step.expr {
        Expr::Call(call) if call.func_name == operators::CONDITIONAL => call.args.get(1),
        _ => Some(&one.loop_step),
    };
    let appended = match step.map(|step| &step.expr) {
        Some(Expr::Call(call)) if call.func_name == operators::ADD => call.args.get(1),
        _ => None,
    };
    match appended.map(|appended| &appended.expr) {
        Some(Expr::List(list)) => {
            !matches!(list.elements.as_slice(), [IdedExpr { expr: Expr::Ident(name), .. }] if *name == one.iter_var)
        }
        _ => false,
    }
}
