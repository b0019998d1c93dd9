//! Arguments of a program that is not ours, mended before it sees them.

use std::ffi::OsString;

/// Takes empty operands out, of which there are `empty` among the operands, and returns true if
/// there were any. To the system an empty path is the working directory: a program that removes
/// would remove all of it. Where an option has an empty value, too, nothing is taken out.
pub fn take_empty_operands(args: &mut Vec<OsString>, empty: usize) -> bool {
    let all = args.iter().filter(|arg| arg.is_empty()).count();
    if empty == 0 || all != empty {
        return false;
    }
    args.retain(|arg| !arg.is_empty());
    true
}

/// Lets values begin with `=` behind the letter of their option: `-d=` has the value `=`, of which
/// the library that reads the arguments would take one sign away. `letters` are those of the
/// options with a value.
pub fn keep_equals(args: &mut [OsString], letters: &str) {
    let mut is_value = false;
    for arg in args.iter_mut().skip(1) {
        let Some(text) = arg.to_str() else {
            is_value = false;
            continue;
        };
        if std::mem::take(&mut is_value) {
            continue;
        }
        if text == "--" {
            return;
        }
        let Some(cluster) = text.strip_prefix('-').filter(|rest| !rest.starts_with('-')) else {
            continue;
        };
        if let Some(at) = cluster.find(|char| letters.contains(char)) {
            // A dash and the letter have a byte each.
            let rest = text.get(at + 2..).unwrap_or_default();
            is_value = rest.is_empty();
            if rest.starts_with('=') {
                *arg = format!("{}={rest}", text.get(..at + 2).unwrap_or_default()).into();
            }
        }
    }
}

/// Replaces the value of an option, whether it stands alone or behind its option.
pub fn replace_value(args: &mut [OsString], old: &str, new: &str) {
    for arg in args.iter_mut().skip(1) {
        let Some(text) = arg.to_str() else {
            continue;
        };
        let head = text.strip_suffix(old);
        match head {
            Some("") => *arg = new.into(),
            Some(head) if head.starts_with('-') => *arg = format!("{head}{new}").into(),
            _ => continue,
        }
        return;
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{keep_equals, replace_value, take_empty_operands};

    #[test]
    fn signs_of_equality_are_values() {
        for (args, expected) in [
            ("seq -s= 3", "seq -s== 3"),
            ("seq -ws=x 3", "seq -ws==x 3"),
            ("seq -s -s= 3", "seq -s -s= 3"),
            ("seq -s x -f=", "seq -s x -f=="),
            ("seq --separator=x -- -s=", "seq --separator=x -- -s="),
            ("seq -w= 3", "seq -w= 3"),
        ] {
            let mut args: Vec<_> = args.split(' ').map(OsString::from).collect();
            keep_equals(&mut args, "sft");
            let expected: Vec<_> = expected.split(' ').map(OsString::from).collect();
            assert_eq!(args, expected);
        }
    }

    #[test]
    fn values_are_replaced_where_they_stand() {
        for (args, expected) in [
            (["date", "-d", "x y"], ["date", "-d", "z"]),
            (["date", "-ux y", "+x"], ["date", "-uz", "+x"]),
            (["date", "--date=x y", "x y"], ["date", "--date=z", "x y"]),
        ] {
            let mut args = args.map(OsString::from);
            replace_value(&mut args, "x y", "z");
            assert_eq!(args, expected.map(OsString::from));
        }
    }

    #[test]
    fn empty_operands_are_taken_out() {
        let mut args: Vec<OsString> = ["rm", "-r", "", "a"].map(OsString::from).to_vec();
        assert!(!take_empty_operands(&mut args, 0));
        assert!(take_empty_operands(&mut args, 1));
        assert_eq!(args, ["rm", "-r", "a"]);
    }
}
