//! Upkeep of the database before it is used: turns that a host did not end, and room that is free.

use std::path::Path;

use sqlx::sqlite::SqliteConnection;

/// The largest database whose layout is changed when it is opened, in bytes (256 MiB), because that
/// writes all of it again.
const MOST: u64 = 256 << 20;

/// The layout in which free pages can be given back to the system.
const INCREMENTAL: i64 = 2;

/// Marks the turns of a host that ended without ending them: its users read that they were
/// interrupted, and not that they still run. Turns that wait for a person are not over: they go on
/// when their agents run again.
pub(crate) async fn interrupt_turns(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    for statement in [
        "UPDATE parts SET state = 'interrupted' WHERE state = 'input-available' AND message_id IN
             (SELECT id FROM messages WHERE state = 'running')
             AND NOT EXISTS (SELECT 1 FROM approvals WHERE message_id = parts.message_id
                 AND branch = parts.branch AND place = parts.place
                 AND approvals.state IN ('pending', 'approved', 'denied'))",
        "UPDATE messages SET state = 'interrupted', stop_reason = 'host-ended',
             stop_detail = 'the host ended before the turn did', bytes = (
                 SELECT coalesce(sum(octet_length(text) + octet_length(input)), 0)
                 FROM parts WHERE message_id = messages.id
             )
         WHERE state = 'running' AND NOT EXISTS (SELECT 1 FROM parts
             WHERE message_id = messages.id AND state = 'input-available')",
    ] {
        sqlx::query(statement).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Lets a database of an older version give free pages back. One that is large, or for which there
/// is no room, stays as it is: what is deleted is overwritten all the same.
pub(crate) async fn allow_vacuum(connection: &mut SqliteConnection, file: &Path) {
    let done = async {
        let mode: i64 = sqlx::query_scalar("PRAGMA auto_vacuum")
            .fetch_one(&mut *connection)
            .await?;
        if mode == INCREMENTAL || std::fs::metadata(file).is_ok_and(|data| data.len() > MOST) {
            return Ok(());
        }
        for statement in ["PRAGMA auto_vacuum = INCREMENTAL", "VACUUM"] {
            sqlx::query(statement).execute(&mut *connection).await?;
        }
        Ok::<_, sqlx::Error>(())
    };
    if let Err(error) = done.await {
        tracing::warn!("the database keeps the room of what is deleted: {error}");
    }
}
