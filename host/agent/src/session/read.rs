//! Reading back what was said, in amounts that a client can take.

use super::StoreError;
use super::store::{MessageRow, SessionRow, SessionStore};

/// Sessions in one page. With ids of 256 bytes, the longest there are, a page has 300 KiB.
const PAGE: i64 = 1_000;

/// Where a reading of sessions goes on.
#[derive(Debug, Clone, Copy)]
pub struct SessionsCursor(i64);

/// The size of a stored message.
#[derive(Debug, sqlx::FromRow)]
struct Size {
    id: i64,
    bytes: i64,
}

/// A session with its place in the listing.
#[derive(Debug, sqlx::FromRow)]
struct Placed {
    #[sqlx(flatten)]
    row: SessionRow,
    newest: i64,
}

impl SessionStore {
    /// The newest messages of a session, oldest first: at most `limit` (0 stands for 1,000), and as many as have
    /// `bytes` bytes together. The content of a message that is longer than that alone is replaced by what `note` says
    /// about its size.
    pub async fn newest_messages(
        &self,
        agent: &str,
        session: &str,
        limit: i64,
        bytes: usize,
        note: impl Fn(&MessageRow) -> String,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let sizes: Vec<Size> = sqlx::query_as(
            "SELECT id, length(CAST(content AS BLOB)) + length(CAST(branches_json AS BLOB)) AS bytes FROM messages
             WHERE agent_id = ? AND session_id = ? ORDER BY id DESC LIMIT ?",
        )
        .bind(agent)
        .bind(session)
        .bind(if limit <= 0 { PAGE } else { limit.min(PAGE) })
        .fetch_all(self.pool())
        .await
        .map_err(self.wrong())?;
        let (mut room, mut rows) = (bytes, Vec::new());
        for Size { id, bytes: size } in sizes {
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            if size <= bytes && size > room {
                break;
            }
            // Deleted meanwhile, if there is none.
            let Some(mut row) = self.next_message(agent, session, id - 1).await?.filter(|row| row.id == id) else {
                continue;
            };
            if row.content.len() + row.branches_json.len() > bytes {
                row.content = note(&row);
                row.branches_json = String::new();
            }
            let Some(left) = room.checked_sub(row.content.len() + row.branches_json.len()) else { break };
            room = left;
            rows.push(row);
        }
        rows.reverse();
        Ok(rows)
    }

    /// The number after which the newest `limit` messages of a session come; 0 stands for all of them.
    pub async fn before_newest(&self, agent: &str, session: &str, limit: u32) -> Result<i64, StoreError> {
        if limit == 0 {
            return Ok(0);
        }
        let first: Option<i64> = sqlx::query_scalar(
            "SELECT min(id) FROM (
                 SELECT id FROM messages WHERE agent_id = ? AND session_id = ? ORDER BY id DESC LIMIT ?
             )",
        )
        .bind(agent)
        .bind(session)
        .bind(limit)
        .fetch_one(self.pool())
        .await
        .map_err(self.wrong())?;
        Ok(first.map_or(0, |first| first - 1))
    }

    /// The first message of a session after the one with this number.
    pub async fn next_message(&self, agent: &str, session: &str, after: i64) -> Result<Option<MessageRow>, StoreError> {
        sqlx::query_as(
            "SELECT id, role, content, created_at, branches_json, active_branch FROM messages
             WHERE agent_id = ? AND session_id = ? AND id > ? ORDER BY id LIMIT 1",
        )
        .bind(agent)
        .bind(session)
        .bind(after)
        .fetch_optional(self.pool())
        .await
        .map_err(self.wrong())
    }

    /// A page of the sessions of an agent, the most recently used first, and where the next page begins.
    pub async fn sessions_page(
        &self,
        agent: &str,
        cursor: SessionsCursor,
    ) -> Result<(Vec<SessionRow>, Option<SessionsCursor>), StoreError> {
        let rows: Vec<Placed> = sqlx::query_as(
            "SELECT session_id AS id, count(*) AS message_count, max(created_at) AS last_active, max(id) AS newest
             FROM messages WHERE agent_id = ? GROUP BY session_id HAVING max(id) < ? ORDER BY max(id) DESC LIMIT ?",
        )
        .bind(agent)
        .bind(cursor.0)
        .bind(PAGE)
        .fetch_all(self.pool())
        .await
        .map_err(self.wrong())?;
        let next =
            rows.last().filter(|_| i64::try_from(rows.len()) == Ok(PAGE)).map(|last| SessionsCursor(last.newest));
        Ok((rows.into_iter().map(|placed| placed.row).collect(), next))
    }
}

impl SessionsCursor {
    /// The most recently used session.
    pub const FIRST: Self = Self(i64::MAX);
}
