//! Numbers of things in sentences.

/// `1 turn`, `2 turns`.
pub fn turns(count: usize) -> String {
    counted(count, "turn", "turns")
}

/// `1 turn or call`, `2 turns and calls`.
pub fn turns_and_calls(count: usize) -> String {
    counted(count, "turn or call", "turns and calls")
}

fn counted(count: usize, one: &str, several: &str) -> String {
    let noun = if count == 1 { one } else { several };
    format!("{count} {noun}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_several() {
        assert_eq!(
            [turns(0), turns(1), turns(2)],
            ["0 turns", "1 turn", "2 turns"]
        );
        assert_eq!(turns_and_calls(1), "1 turn or call");
        assert_eq!(turns_and_calls(3), "3 turns and calls");
    }
}
