//! The versions of the tables, oldest first.

use std::borrow::Cow;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Returns the migrations that bring a database of any age to this version. A migration that has
/// landed never changes: the database keeps its checksum.
pub(crate) fn migrator() -> Migrator {
    Migrator::with_migrations(vec![
        migration(
            1,
            "agents and messages",
            include_str!("../migrations/0001_agents_and_messages.sql"),
        ),
        migration(
            2,
            "life of agents",
            include_str!("../migrations/0002_life_of_agents.sql"),
        ),
        migration(
            3,
            "parts and sessions",
            include_str!("../migrations/0003_parts_and_sessions.sql"),
        ),
        migration(4, "tokens", include_str!("../migrations/0004_tokens.sql")),
        migration(5, "notes", include_str!("../migrations/0005_notes.sql")),
        migration(
            6,
            "approvals",
            include_str!("../migrations/0006_approvals.sql"),
        ),
        migration(
            7,
            "callers of approvals",
            include_str!("../migrations/0007_callers_of_approvals.sql"),
        ),
    ])
}

fn migration(version: i64, description: &'static str, sql: &'static str) -> Migration {
    Migration::new(
        version,
        Cow::Borrowed(description),
        MigrationType::Simple,
        sql.into_sql_str(),
        false,
    )
}
