//! Circles among groups of groups.

use std::collections::HashMap;

use crate::config::{Group, Place};

/// Groups that contain each other.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Circle {
    /// Where the first of them is written.
    pub(crate) place: Place,
    /// Around the circle; the first again at the end.
    pub(crate) names: Vec<String>,
}

/// How far a group has been followed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

/// At least one circle of each knot of groups that contain each other, in the order of the files;
/// none if there are none. Each takes its beginning at its first group in the files.
pub(crate) fn find(groups: &[Group]) -> Vec<Circle> {
    let ids: HashMap<&str, usize> =
        groups.iter().enumerate().rev().map(|(id, group)| (group.name.as_str(), id)).collect();
    let below = |id: usize, at: usize| groups[id].groups.get(at).map(|name| ids.get(name.as_str()).copied());
    let mut states = vec![State::New; groups.len()];
    let mut circles = Vec::new();
    for start in 0..groups.len() {
        // The way from `start`: groups, and which of their subgroups comes next.
        let mut way: Vec<(usize, usize)> = Vec::new();
        if states[start] == State::New {
            states[start] = State::Open;
            way.push((start, 0));
        }
        while let Some((id, next)) = way.last_mut() {
            let Some(sub) = below(*id, *next) else {
                states[*id] = State::Done;
                way.pop();
                continue;
            };
            *next += 1;
            let Some(sub) = sub else { continue };
            match states[sub] {
                State::Done => {}
                State::New => {
                    states[sub] = State::Open;
                    way.push((sub, 0));
                }
                State::Open => {
                    let from = way.iter().position(|&(id, _)| id == sub).unwrap_or_default();
                    circles.push(circle(groups, way[from..].iter().map(|&(id, _)| id).collect()));
                }
            }
        }
    }
    circles
}

fn circle(groups: &[Group], mut ids: Vec<usize>) -> Circle {
    let first = (0..ids.len()).min_by_key(|&at| ids[at]).unwrap_or_default();
    ids.rotate_left(first);
    let mut names: Vec<String> = ids.iter().map(|&id| groups[id].name.clone()).collect();
    names.extend(names.first().cloned());
    Circle { place: ids.first().map(|&id| groups[id].place.clone()).unwrap_or_default(), names }
}
