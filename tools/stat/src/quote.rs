//! File names in quotes, as a shell takes them.

/// Returns the name in quotes.
pub(crate) fn always(name: &str) -> String {
    if name.chars().any(char::is_control) {
        return escaped(name);
    }
    if !name.contains('\'') {
        return format!("'{name}'");
    }
    if !name.contains(['"', '$', '`', '\\', '!']) {
        return format!("\"{name}\"");
    }
    format!("'{}'", name.replace('\'', "'\\''"))
}

/// Returns a name with control characters: each run of them is a word of its own, `$'\n'`.
fn escaped(name: &str) -> String {
    let (mut text, mut is_open) = (String::from("'"), false);
    for char in name.chars() {
        if char.is_control() {
            if !is_open {
                text.push_str("'$'");
                is_open = true;
            }
            match char {
                '\n' => text.push_str("\\n"),
                '\t' => text.push_str("\\t"),
                '\r' => text.push_str("\\r"),
                char => {
                    for byte in char.to_string().bytes() {
                        text.push_str(&format!("\\{byte:03o}"));
                    }
                }
            }
            continue;
        }
        if is_open {
            text.push_str("''");
            is_open = false;
        }
        if char == '\'' {
            text.push_str("'\\''");
        } else {
            text.push(char);
        }
    }
    text.push('\'');
    text
}
