//! The database: opened, looked after, closed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Connection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};

use crate::agents::AgentTable;
use crate::answers::TurnTable;
use crate::approvals::ApprovalTable;
use crate::database::Database;
use crate::error::StoreError;
use crate::file::{self, Files, Trees};
use crate::messages::MessageTable;
use crate::migrations::migrator;
use crate::notes::NoteTable;
use crate::sessions::SessionTable;
use crate::tokens::TokenTable;
use crate::upkeep;
use crate::waiting::WaitingTable;

/// Connections to the database file. Writers take turns anyway; readers need a few beside them.
const CONNECTIONS: u32 = 4;

/// The longest time a statement waits for another writer.
const BUSY: Duration = Duration::from_secs(10);

/// The database of one host. Clones are the same database.
#[derive(Debug, Clone)]
pub struct Store {
    /// The agents that the host knows.
    pub agents: AgentTable,
    /// Their sessions.
    pub sessions: SessionTable,
    /// The turns of these.
    pub turns: TurnTable,
    /// Everything said in them.
    pub messages: MessageTable,
    /// The notes of agents.
    pub notes: NoteTable,
    /// Tokens of clients and of agents.
    pub tokens: TokenTable,
    /// Calls that wait for a person.
    pub approvals: ApprovalTable,
    /// Turns that wait for a person.
    pub waiting: WaitingTable,
    database: Database,
}

impl Store {
    /// Opens the database file, creating it or bringing it to this version. One that is damaged, or
    /// does not know the agents whose `trees` are there, is refused and left as it is.
    pub async fn open(file: &Path, trees: &Trees) -> Result<Self, StoreError> {
        file::check(file, trees)?;
        let wrong = |error| StoreError::new(file, &error);
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A committed message survives the loss of power, not only of the process.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .foreign_keys(true)
            // What is deleted is gone.
            .pragma("secure_delete", "ON");
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .idle_timeout(None)
            .max_lifetime(None)
            .after_release(|connection, _| Box::pin(is_settled(connection)))
            .connect_with(options.clone())
            .await
            .map_err(wrong)?;
        let mut first = pool.acquire().await.map_err(wrong)?;
        bring_up_to_date(&mut first, file, trees).await?;
        // All of them are opened now, one after the other, and stay on this file: one that is
        // opened later is opened by its name, which may lead to the file of another host by then.
        let mut opened = vec![first];
        for _ in 1..CONNECTIONS {
            opened.push(pool.acquire().await.map_err(wrong)?);
        }
        drop(opened);
        let pieces = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .after_release(|connection, _| Box::pin(is_settled(connection)))
            .connect_with(options.synchronous(SqliteSynchronous::Normal))
            .await
            .map_err(wrong)?;
        let database = Database {
            pool,
            pieces,
            files: Arc::new(Files::of(file)?),
            writing: Arc::default(),
        };
        let agents = AgentTable::new(database.clone());
        let sessions = SessionTable::new(database.clone());
        let turns = TurnTable::new(database.clone());
        let messages = MessageTable::new(database.clone());
        let notes = NoteTable::new(database.clone());
        let tokens = TokenTable::new(database.clone());
        let approvals = ApprovalTable::new(database.clone());
        let waiting = WaitingTable::new(database.clone());
        Ok(Self {
            agents,
            sessions,
            turns,
            messages,
            notes,
            tokens,
            approvals,
            waiting,
            database,
        })
    }

    /// Refuses when the files that were opened are no longer those of their names, or are not whole
    /// any more: nothing that is stored would be kept.
    pub fn check(&self) -> Result<(), StoreError> {
        self.database.check()
    }

    /// Closes the database, so that its log is merged into the file. A log that is not whole is
    /// not: the file stays as it is.
    pub async fn close(&self) {
        let Database {
            pool,
            pieces,
            files,
            writing: _,
        } = &self.database;
        if files.is_whole() {
            pieces.close().await;
            pool.close().await;
        } else {
            // The last connection would merge it when it is dropped.
            std::mem::forget([pool.clone(), pieces.clone()]);
        }
    }
}

/// Checks the file and brings it to this version. No other connection is open yet: one that has
/// read the older tables would go on to take rows for what they were.
async fn bring_up_to_date(
    connection: &mut SqliteConnection,
    file: &Path,
    trees: &Trees,
) -> Result<(), StoreError> {
    check_content(connection, file).await?;
    let known = agents_known(connection).await;
    if known.map_err(|error| StoreError::new(file, &error))? == 0 {
        file::refuse_lost(file, "knows no agent", trees)?;
    }
    migrator()
        .run(&mut *connection)
        .await
        .map_err(|error| StoreError::of_migration(file, &error))?;
    let interrupted = upkeep::interrupt_turns(connection).await;
    match interrupted.map_err(|error| StoreError::new(file, &error)) {
        // Agents work without it, and the next start has room.
        Err(error @ StoreError::Full { .. }) => {
            tracing::warn!("turns that were interrupted are not marked so: {error}");
        }
        interrupted => interrupted?,
    }
    upkeep::allow_vacuum(connection, file).await;
    Ok(())
}

/// Returns true if a connection that comes back can be used again. Where the disk is full, SQLite
/// ends a transaction itself, and the library goes on to count it: such a one is closed.
async fn is_settled(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    Ok(!connection.is_in_transaction())
}

/// Looks for damage that a query would meet later. Reading a database of this size takes a second
/// at most; a larger one is refused where a query meets the damage.
async fn check_content(connection: &mut SqliteConnection, file: &Path) -> Result<(), StoreError> {
    /// The largest database that is read as a whole, in bytes.
    const MOST: u64 = 256 << 20;
    if std::fs::metadata(file).is_ok_and(|metadata| metadata.len() > MOST) {
        return Ok(());
    }
    let found = sqlx::query_scalar::<_, String>("PRAGMA quick_check(1)")
        .fetch_one(connection)
        .await;
    match found
        .map_err(|error| StoreError::new(file, &error))?
        .as_str()
    {
        "ok" => Ok(()),
        problem => {
            let problem = problem.lines().last().unwrap_or(problem).to_owned();
            Err(StoreError::Damaged {
                path: file.to_owned(),
                problem,
            })
        }
    }
}

/// The number of agents in a database of any age, also one without tables.
async fn agents_known(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let tables = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'agents'";
    let found: i64 = sqlx::query_scalar(tables)
        .fetch_one(&mut *connection)
        .await?;
    if found == 0 {
        return Ok(0);
    }
    sqlx::query_scalar("SELECT count(*) FROM agents")
        .fetch_one(connection)
        .await
}

#[cfg(test)]
mod tests {
    use sqlx::migrate::Migrator;

    use super::*;

    /// Rows of a host from before answers had parts: an answer of parts, one whose call never
    /// ended, and one that is a text.
    const WRITTEN: &str = r#"
        INSERT INTO agents (id, name, home, created_at) VALUES ('i', 'a', '', 1);
        INSERT INTO messages (agent_id, session_id, role, content, created_at) VALUES
            ('i', 's', 'user', 'count', 10),
            ('i', 's', 'assistant', '[{"kind":"text","text":"I count."},{"kind":"tool",
                "tool_id":"c","name":"wc","input":"{}","output":"3",
                "state":"output-available","duration_ms":4}]', 11),
            ('i', 's', 'user', 'again', 12),
            ('i', 's', 'assistant', '[{"kind":"tool","tool_id":"d","name":"wc","input":"{}",
                "state":"input-available"}]', 13),
            ('i', '', 'user', 'old', 14),
            ('i', '', 'assistant', 'one text', 15);
    "#;

    #[tokio::test]
    async fn a_database_from_before_parts_is_read_as_it_was_said() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("cofferdam.db");
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true);
        let mut old = SqliteConnection::connect_with(&options).await.expect("new");
        let all = migrator();
        let before = all.iter().filter(|one| one.version < 3).cloned().collect();
        let before = Migrator::with_migrations(before);
        before.run(&mut old).await.expect("the second version");
        sqlx::raw_sql(WRITTEN)
            .execute(&mut old)
            .await
            .expect("rows");
        old.close().await.expect("it is whole");

        let trees = Trees {
            path: directory.path().to_owned(),
            count: 1,
        };
        let store = Store::open(&file, &trees)
            .await
            .expect("brought up to date");
        let session = store.sessions.get("i", "s").await.expect("read");
        let session = session.expect("it is there");
        assert_eq!((session.message_count, session.last_active), (4, 13));
        let mut said = Vec::new();
        for session in ["s", ""] {
            let mut after = 0;
            while let Some(message) = store
                .messages
                .next("i", session, after)
                .await
                .expect("read")
            {
                after = message.id;
                said.push(message.text());
            }
        }
        let expected = [
            "count",
            concat!(
                r#"[{"kind":"text","text":"I count."},{"kind":"tool","tool_id":"c","name":"wc","#,
                r#""input":"{}","output":"3","state":"output-available","duration_ms":4}]"#
            ),
            "again",
            r#"[{"kind":"tool","tool_id":"d","name":"wc","input":"{}","state":"interrupted"}]"#,
            "old",
            r#"[{"kind":"text","text":"one text"}]"#,
        ];
        assert_eq!(said, expected);
        store.close().await;
        // Once more: nothing is left to be done.
        let store = Store::open(&file, &trees).await.expect("it is as it was");
        assert!(store.sessions.get("i", "").await.expect("read").is_some());
        store.close().await;
    }
}
