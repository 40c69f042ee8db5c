//! Names of models and aliases.

use crate::RegistryError;

/// Checks a name before it is used: 1 to 64 of `a-z`, `0-9`, `_`, `-`, `.`, and not `.` first, so that it can be a
/// file's, a URL's and a key's.
pub(crate) fn check(name: &str) -> Result<(), RegistryError> {
    if is_name(name) { Ok(()) } else { Err(RegistryError::BadName { got: name.chars().take(80).collect() }) }
}

pub(crate) fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
    (1..=64).contains(&name.len()) && !name.starts_with('.') && name.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_hold_no_path() {
        for good in ["a", "delay-eu_2.1", "0", &"x".repeat(64)] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", ".", "..", ".a", "a/b", "a\\b", "A", "ä", "a b", "a\0", &"x".repeat(65)] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
