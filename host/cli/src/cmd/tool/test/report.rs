//! The report of `tool test`.

use cofferdam_capability::{Count, LowerLimit};
use cofferdam_workbench::test::{Checked, DIFFERENCE_HEAD, Suggestion, Tested};

use crate::console::{self, Style};

/// For people.
pub(in crate::cmd::tool) fn print(tested: &Tested) {
    let golden = tested.golden().count();
    let inputs = tested.cases.len() - golden;
    console::line(format!(
        "{}: {}, {}",
        tested.tool,
        counted(golden, "case"),
        counted(inputs, "hostile input")
    ));
    let row = |case: &Checked| {
        let verdict = if case.passed { "pass" } else { "FAIL" };
        vec![
            case.name.clone(),
            verdict.to_owned(),
            case.outcome.name().to_string(),
            Count(case.fuel).to_string(),
            kib(case.peak_memory),
        ]
    };
    console::table(
        &["case", "", "outcome", "fuel", "memory"],
        tested.cases.iter().map(row).collect(),
    );
    for case in tested.cases.iter().filter(|case| !case.passed) {
        console::line("");
        console::spans(&[
            (Style::Removed, "FAIL"),
            (Style::Plain, &format!(" {}", case.name)),
        ]);
        for line in case
            .problems
            .iter()
            .chain(&case.refusals)
            .flat_map(|problem| problem.lines())
        {
            console::spans(&[(Style::Plain, "  "), (style(line), line)]);
        }
    }
    for case in tested
        .cases
        .iter()
        .filter(|case| case.passed && case.hostile && !case.outcome.is_ok())
    {
        if let Some(said) = case.said() {
            console::spans(&[(Style::Dim, &format!("{}: {said}", case.name))]);
        }
    }
    print_limits(tested);
    if golden == 0 {
        console::line(format!(
            "{}: no case in cases/: write one, and what its manifest asks for is checked",
            tested.path
        ));
    }
    for unused in &tested.unused {
        console::line(format!("unused: {unused}"));
    }
    console::line("");
}

/// The limits that the cases had and need.
fn print_limits(tested: &Tested) {
    for LowerLimit {
        name,
        asked,
        given,
        ceiling,
    } in &tested.raised
    {
        let had = ceiling.as_ref().unwrap_or(asked);
        console::line(format!(
            "{name} = {had}: the cases had what the manifest asks for; elsewhere it gets {given}, \
             and more from its operator alone: [[grant]] `limits`, or flags of `tool run` and \
             `mcp`"
        ));
    }
    let Suggestion {
        most_fuel,
        most_memory,
        limits,
    } = &tested.suggestion;
    // Nothing ran to its end, so nothing is known.
    if *most_fuel == 0 {
        return;
    }
    let most = format!(
        "most fuel {}, most memory {}",
        Count(*most_fuel),
        kib(*most_memory)
    );
    let asked = limits.rows();
    if asked.is_empty() {
        console::line(format!("{most}: the default limits are enough"));
    } else {
        console::line(format!("{most}: suggested for capabilities.toml"));
        console::line("  [limits]");
        asked
            .iter()
            .for_each(|row| console::line(format!("  {} = \"{}\"", row.name, row.value)));
    }
}

/// A row of a table in Markdown. The figures are rounded, so that a table in a repository does not
/// change with every compiler.
pub(super) fn markdown(tested: &Tested) -> String {
    let first = tested
        .golden()
        .find(|case| case.ended_itself())
        .or_else(|| tested.cases.iter().find(|case| case.ended_itself()));
    let (fuel, memory) = first.map_or((String::new(), String::new()), |case| {
        (
            significant(case.fuel),
            format!("{:.1} MiB", mib(case.peak_memory)),
        )
    });
    let summary = tested.summary.replace('|', "\\|");
    let size = tested.size.div_ceil(10 << 10) * 10;
    format!(
        "| `{}` | {summary} | {size} KiB | {fuel} | {memory} |",
        tested.tool
    )
}

/// The head of the table in Markdown.
pub(super) const MARKDOWN_HEAD: [&str; 2] = [
    "| tool | what it does | size | fuel of its first case | memory |",
    "|---|---|--:|--:|--:|",
];

/// The colour of a line of a difference.
fn style(line: &str) -> Style {
    match line.get(..2) {
        Some("- ") if line != DIFFERENCE_HEAD => Style::Removed,
        Some("+ ") => Style::Added,
        _ => Style::Plain,
    }
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[allow(clippy::cast_precision_loss, reason = "a rounded figure for people")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn kib(bytes: u64) -> String {
    format!("{} KiB", bytes.div_ceil(1 << 10))
}

/// Two digits that say something: 1.2 M, 350 k.
fn significant(number: u64) -> String {
    let mut step = 1;
    while number / step >= 100 {
        step *= 10;
    }
    let round = (number + step / 2) / step * step;
    match round {
        0..1_000 => round.to_string(),
        1_000..10_000 => format!("{}.{} k", round / 1_000, round % 1_000 / 100),
        10_000..1_000_000 => format!("{} k", round / 1_000),
        1_000_000..10_000_000 => format!("{}.{} M", round / 1_000_000, round % 1_000_000 / 100_000),
        _ => format!("{} M", round / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::significant;

    #[test]
    fn two_digits_are_left() {
        for (number, text) in [
            (0, "0"),
            (99, "99"),
            (1_249, "1.2 k"),
            (12_345, "12 k"),
            (345_678, "350 k"),
            (1_260_000, "1.3 M"),
            (996_000, "1.0 M"),
            (45_678_901, "46 M"),
        ] {
            assert_eq!(significant(number), text);
        }
    }
}
