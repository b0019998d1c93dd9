//! The table: every guest with what it is granted and how it must end. To add a row, add a line to
//! the file of its power.

mod account;
mod artifacts;
mod cpu;
mod files;
mod memory;
mod nested;
mod network;
mod process;
mod tcp;
mod typed;

use crate::guest::Guest;
use crate::row::Row;

/// Every row, in the order of the table.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    let tables = [
        cpu::ROWS,
        memory::ROWS,
        account::ROWS,
        process::ROWS,
        typed::ROWS,
        nested::ROWS,
        files::ROWS,
        network::ROWS,
        tcp::ROWS,
        artifacts::ROWS,
    ];
    tables.into_iter().flatten()
}

/// A guest by its name, for those who run it in another way than the table says.
pub fn guest(name: &str) -> Option<Guest> {
    rows().map(|row| row.guest).find(|guest| guest.name == name)
}
