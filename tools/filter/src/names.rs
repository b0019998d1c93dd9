//! Names of filters, for advice about one that does not exist.

/// Filters whose name is the same or begins alike, with their number of arguments.
pub(crate) fn like(name: &str, definitions: &str, others: &[(&'static str, usize)]) -> Vec<String> {
    let all = all(definitions, others);
    let of_name = |wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
        let mut found: Vec<String> = all
            .iter()
            .filter(|(known, _)| wanted(known))
            .map(|(known, arity)| format!("{known}/{arity}"))
            .collect();
        found.sort();
        found.dedup();
        found
    };
    let same = of_name(&|known| known == name);
    if !same.is_empty() {
        return same;
    }
    let small = name.to_lowercase();
    let start = small.get(..4).unwrap_or(&small);
    let mut alike = of_name(&|known| {
        let known = known.to_lowercase();
        known == small || (start.len() > 2 && known.starts_with(start))
    });
    alike.truncate(6);
    alike
}

/// All names that programs may use, and how many arguments each takes.
pub(crate) fn all(definitions: &str, others: &[(&'static str, usize)]) -> Vec<(String, usize)> {
    let defined = definitions.lines().filter_map(|line| {
        let (head, _) = line.strip_prefix("def ")?.split_once(':')?;
        let (name, arguments) = head.split_once('(').unwrap_or((head, ""));
        let arity = if arguments.is_empty() {
            0
        } else {
            arguments.matches(';').count() + 1
        };
        Some((name.to_owned(), arity))
    });
    let others = others
        .iter()
        .map(|(name, arity)| ((*name).to_owned(), *arity));
    defined
        .chain(others)
        .filter(|(name, _)| !name.starts_with(['!', '_', '@']))
        .collect()
}
