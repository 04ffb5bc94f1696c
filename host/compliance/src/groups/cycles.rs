//! Cycles among groups of groups.

use std::collections::HashMap;

use crate::config::{ConfigLocation, Group};

/// Groups that contain each other.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct GroupCycle {
    /// Where the first group of the cycle is written.
    pub(crate) place: ConfigLocation,
    /// The groups in order around the cycle; the first one again at the end.
    pub(crate) names: Vec<String>,
}

/// How far a group has been followed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    New,
    Open,
    Done,
}

/// Returns at least one cycle of each set of groups that contain each other, in the order of the files.
/// Each begins with the group that stands first in the files.
pub(crate) fn find(groups: &[Group]) -> Vec<GroupCycle> {
    let ids: HashMap<&str, usize> =
        groups.iter().enumerate().rev().map(|(id, group)| (group.name.as_str(), id)).collect();
    let below = |id: usize, at: usize| groups[id].groups.get(at).map(|name| ids.get(name.as_str()).copied());
    let mut visits = vec![Visit::New; groups.len()];
    let mut cycles = Vec::new();
    for start in 0..groups.len() {
        // The path from `start`: groups, and which of their subgroups comes next.
        let mut path: Vec<(usize, usize)> = Vec::new();
        if visits[start] == Visit::New {
            visits[start] = Visit::Open;
            path.push((start, 0));
        }
        while let Some((id, next)) = path.last_mut() {
            let Some(sub) = below(*id, *next) else {
                visits[*id] = Visit::Done;
                path.pop();
                continue;
            };
            *next += 1;
            let Some(sub) = sub else { continue };
            match visits[sub] {
                Visit::Done => {}
                Visit::New => {
                    visits[sub] = Visit::Open;
                    path.push((sub, 0));
                }
                Visit::Open => {
                    let from = path.iter().position(|&(id, _)| id == sub).unwrap_or_default();
                    cycles.push(cycle(groups, path[from..].iter().map(|&(id, _)| id).collect()));
                }
            }
        }
    }
    cycles
}

fn cycle(groups: &[Group], mut ids: Vec<usize>) -> GroupCycle {
    let first = (0..ids.len()).min_by_key(|&at| ids[at]).unwrap_or_default();
    ids.rotate_left(first);
    let mut names: Vec<String> = ids.iter().map(|&id| groups[id].name.clone()).collect();
    names.extend(names.first().cloned());
    GroupCycle { place: ids.first().map(|&id| groups[id].place.clone()).unwrap_or_default(), names }
}
