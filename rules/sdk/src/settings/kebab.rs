//! Names that settings give.

/// Refuses a symptom id, or another name, that is not kebab-case.
///
/// # Errors
/// Returns a text that names `setting` and the fix.
pub fn check_kebab(setting: &str, value: &str) -> Result<(), String> {
    let fine =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if value.len() <= 64 && value.split('-').all(fine) {
        return Ok(());
    }
    Err(format!(
        "`{setting}` is `{value}`: use lower-case letters and digits with single hyphens between (at most 64), such as `out-of-memory`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert!(check_kebab("symptom", "out-of-memory2").is_ok());
        for bad in ["", "Out", "a--b", "-a", "a_b", "ä"] {
            assert!(check_kebab("symptom", bad).unwrap_err().starts_with("`symptom`"), "{bad}");
        }
    }
}
