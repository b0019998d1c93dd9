//! The versions of the tables, oldest first.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Returns the migrations that bring a database of any age to this version. A migration that has
/// landed never changes: the database keeps its checksum.
pub(crate) fn migrator() -> Migrator {
    let sql = include_str!("../migrations/0001_agents_and_messages.sql");
    let first = Migration::new(
        1,
        "agents and messages".into(),
        MigrationType::Simple,
        sql.into_sql_str(),
        false,
    );
    Migrator::with_migrations(vec![first])
}
