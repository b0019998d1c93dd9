//! Calls that wait for a person, and what was decided about them.

use std::time::Duration;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::answer_writer::CallPlace;
use crate::database::{Database, Durability};
use crate::error::StoreError;

/// Questions of one agent that wait for an answer: more than a person answers in one sitting.
const MAX_PENDING: i64 = 64;

/// Those of them about the calls of one client, so that no client keeps the others from asking.
const MAX_PENDING_OF_CLIENT: i64 = 16;

/// Those of them about the calls of the agent's own conversations, of which there are many at a
/// time: one client still has room beside them.
const MAX_PENDING_OF_AGENT: i64 = MAX_PENDING - MAX_PENDING_OF_CLIENT;

/// Questions of one agent that a person has answered and that are over, the oldest of which are
/// deleted first.
const MAX_ANSWERED: i64 = 1_000;

/// Questions of one agent that are over without an answer: counted apart, because callers can cause
/// them without end.
const MAX_UNANSWERED: i64 = 256;

/// The newest of either that keep long arguments to be shown (8 MiB of one agent at most).
const MAX_SHOWN: i64 = 64;

/// Arguments of this length, in bytes, are shown also of older ones.
const SHORT: i64 = 1_024;

/// The table of approvals. Clones are the same table.
#[derive(Debug, Clone)]
pub struct ApprovalTable(Database);

/// A question to a person, with everything that the answer holds for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApproval {
    /// The id, a UUID that was never used before.
    pub id: String,
    /// The agent.
    pub agent_id: String,
    /// The session; empty for none.
    pub session: String,
    /// The one who asks.
    pub principal: String,
    /// The tool.
    pub tool: String,
    /// The tool that makes the call; empty for a call by a model or a client.
    pub caller: String,
    /// The digest of the component.
    pub component: String,
    /// The digest of the grant.
    pub grant: String,
    /// The digest of the arguments.
    pub arguments_digest: String,
    /// The arguments in canonical JSON; empty once the question is over.
    pub arguments: String,
    /// The arguments as a person reads them; empty for an older question that is over, if they are
    /// long.
    pub shown: String,
    /// The effect class of the tool.
    pub effect: String,
    /// The policies that want the approval.
    pub policies: Vec<String>,
    /// The reason in words.
    pub reason: String,
    /// Seconds until the question expires.
    pub seconds: i64,
}

/// A question as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredApproval {
    /// Everything that the answer holds for.
    pub asked: NewApproval,
    /// The state.
    pub state: ApprovalState,
    /// The calls that it holds for.
    pub scope: ApprovalScope,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub expires_at: i64,
    /// Unix seconds; none where nothing was decided.
    pub decided_at: Option<i64>,
    /// The one who decided.
    pub decided_by: String,
    /// The reason of the decision.
    pub decision_reason: String,
    /// Unix seconds at which it was read.
    read_at: i64,
}

/// The state of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalState {
    /// Nobody has decided.
    Pending,
    /// The call may happen.
    Approved,
    /// The call may not happen.
    Denied,
    /// The call has happened.
    Used,
    /// Nobody wants it any more.
    Withdrawn,
    /// The time for it is over.
    Expired,
}

/// The calls that an approval holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalScope {
    /// This one.
    Once,
    /// Every call of the tool in the session.
    Session,
}

/// The decision of a person.
#[derive(Debug, Clone, Copy)]
pub struct Decision<'a> {
    /// Approved or denied.
    pub approved: bool,
    /// The calls that it holds for.
    pub scope: ApprovalScope,
    /// The one who decides.
    pub by: &'a str,
    /// The reason; may be empty.
    pub reason: &'a str,
    /// Seconds for which an approval of a session holds.
    pub seconds: i64,
}

impl ApprovalTable {
    pub(crate) fn new(database: Database) -> Self {
        Self(database)
    }

    /// Stores a question, unless its agent or its principal has as many that wait as it may have.
    pub async fn ask(&self, asked: &NewApproval) -> Result<bool, StoreError> {
        let mut write = self.0.write(Durability::Power).await?;
        let wrong = |error| self.0.failed()(error);
        let most_of_principal = if asked.session.is_empty() {
            MAX_PENDING_OF_CLIENT
        } else {
            MAX_PENDING_OF_AGENT
        };
        let has_room: bool = sqlx::query_scalar(
            "SELECT count(*) < ?3 AND count(*) FILTER (WHERE principal = ?2) < ?4 FROM approvals
             WHERE agent_id = ?1 AND state = 'pending' AND expires_at > unixepoch()",
        )
        .bind(&asked.agent_id)
        .bind(&asked.principal)
        .bind(MAX_PENDING)
        .bind(most_of_principal)
        .fetch_one(&mut **write)
        .await
        .map_err(wrong)?;
        if !has_room {
            return Ok(false);
        }
        sqlx::query(
            "INSERT INTO approvals (id, agent_id, session, principal, tool, caller, component,
                 grant_digest, arguments_digest, arguments, shown, effect, policies, reason, state,
                 scope, created_at, expires_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', 'once', unixepoch(),
                 unixepoch() + ?)",
        )
        .bind(&asked.id)
        .bind(&asked.agent_id)
        .bind(&asked.session)
        .bind(&asked.principal)
        .bind(&asked.tool)
        .bind(&asked.caller)
        .bind(&asked.component)
        .bind(&asked.grant)
        .bind(&asked.arguments_digest)
        .bind(&asked.arguments)
        .bind(&asked.shown)
        .bind(&asked.effect)
        .bind(asked.policies.join("\n"))
        .bind(&asked.reason)
        .bind(asked.seconds)
        .execute(&mut **write)
        .await
        .map_err(wrong)?;
        // Of those that are over: one that waits, or that holds for a session, is never deleted.
        sqlx::query(
            "DELETE FROM approvals WHERE id IN (SELECT id FROM (
                 SELECT id, decided_at IS NULL AS is_unanswered, row_number() OVER (
                     PARTITION BY decided_at IS NULL ORDER BY created_at DESC, rowid DESC) AS age
                 FROM approvals WHERE agent_id = ?1
                     AND (state NOT IN ('pending', 'approved') OR expires_at <= unixepoch()))
                 WHERE age > iif(is_unanswered, ?3, ?2))",
        )
        .bind(&asked.agent_id)
        .bind(MAX_ANSWERED)
        .bind(MAX_UNANSWERED)
        .execute(&mut **write)
        .await
        .map_err(wrong)?;
        sqlx::query(
            "UPDATE approvals SET arguments = '',
                 shown = iif(age > ?2 AND octet_length(shown) > ?3, '', shown)
             FROM (SELECT id AS old, row_number() OVER (
                     PARTITION BY decided_at IS NULL ORDER BY created_at DESC, rowid DESC) AS age
                 FROM approvals WHERE agent_id = ?1
                     AND (state NOT IN ('pending', 'approved') OR expires_at <= unixepoch()))
             WHERE id = old
                 AND (arguments <> '' OR (age > ?2 AND octet_length(shown) > ?3))",
        )
        .bind(&asked.agent_id)
        .bind(MAX_SHOWN)
        .bind(SHORT)
        .execute(&mut **write)
        .await
        .map_err(wrong)?;
        write.commit().await?;
        Ok(true)
    }

    /// Remembers which call of an answer waits for a question, so that it can go on after a restart
    /// of the host.
    pub async fn attach(
        &self,
        id: &str,
        message: i64,
        branch: i64,
        place: CallPlace,
    ) -> Result<(), StoreError> {
        let mut write = self.0.write(Durability::Power).await?;
        sqlx::query("UPDATE approvals SET message_id = ?, branch = ?, place = ? WHERE id = ?")
            .bind(message)
            .bind(branch)
            .bind(place.number())
            .bind(id)
            .execute(&mut **write)
            .await
            .map_err(self.0.failed())?;
        write.commit().await
    }

    /// The question of this id, if there is one.
    pub async fn get(&self, id: &str) -> Result<Option<StoredApproval>, StoreError> {
        sqlx::query("SELECT *, unixepoch() AS now FROM approvals WHERE id = ?")
            .bind(id)
            .try_map(StoredApproval::read)
            .fetch_optional(self.0.pool())
            .await
            .map_err(self.0.failed())
    }

    /// Two questions whose ids begin so, if there are.
    pub async fn beginning(&self, prefix: &str) -> Result<Vec<StoredApproval>, StoreError> {
        sqlx::query(
            "SELECT *, unixepoch() AS now FROM approvals
             WHERE substr(id, 1, length(?1)) = ?1 LIMIT 2",
        )
        .bind(prefix)
        .try_map(StoredApproval::read)
        .fetch_all(self.0.pool())
        .await
        .map_err(self.0.failed())
    }

    /// Questions of one agent or of all, the newest first; those alone that wait, if `waiting`.
    pub async fn list(
        &self,
        agent: Option<&str>,
        waiting: bool,
        most: i64,
    ) -> Result<Vec<StoredApproval>, StoreError> {
        sqlx::query(
            "SELECT *, unixepoch() AS now FROM approvals
             WHERE (?1 IS NULL OR agent_id = ?1)
                 AND (NOT ?2 OR (state = 'pending' AND expires_at > unixepoch()))
             ORDER BY created_at DESC, rowid DESC LIMIT ?3",
        )
        .bind(agent)
        .bind(waiting)
        .bind(most)
        .try_map(StoredApproval::read)
        .fetch_all(self.0.pool())
        .await
        .map_err(self.0.failed())
    }

    /// Stores a decision about a question that waits, and returns true if it did. A denial takes
    /// back an approval as well that still holds.
    pub async fn decide(&self, id: &str, decision: Decision<'_>) -> Result<bool, StoreError> {
        let Decision {
            approved,
            scope,
            by,
            reason,
            seconds,
        } = decision;
        let state = if approved { "approved" } else { "denied" };
        let mut write = self.0.write(Durability::Power).await?;
        let done = sqlx::query(
            "UPDATE approvals SET state = ?2, scope = iif(state = 'approved', scope, ?3),
                 decided_at = unixepoch(), decided_by = ?4, decision_reason = ?5,
                 expires_at = iif(?3 = 'session', unixepoch() + ?6, expires_at)
             WHERE id = ?1 AND expires_at > unixepoch()
                 AND (state = 'pending' OR (state = 'approved' AND ?2 = 'denied'))",
        )
        .bind(id)
        .bind(state)
        .bind(scope.as_str())
        .bind(by)
        .bind(reason)
        .bind(seconds)
        .execute(&mut **write)
        .await
        .map_err(self.0.failed())?;
        write.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Uses up the approval of one call, and returns whether this did: nobody else has or can. One
    /// that holds for a session stays.
    pub async fn redeem(&self, id: &str) -> Result<bool, StoreError> {
        let mut write = self.0.write(Durability::Power).await?;
        let done = sqlx::query(
            "UPDATE approvals SET state = CASE WHEN scope = 'session' THEN state ELSE 'used' END
             WHERE id = ? AND state = 'approved' AND expires_at > unixepoch()",
        )
        .bind(id)
        .execute(&mut **write)
        .await
        .map_err(self.0.failed())?;
        write.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// The approval that holds for calls of this tool in this session, if there is one.
    pub async fn standing(&self, like: &NewApproval) -> Result<Option<String>, StoreError> {
        if like.session.is_empty() {
            return Ok(None);
        }
        sqlx::query_scalar(
            "SELECT id FROM approvals WHERE agent_id = ? AND session = ? AND tool = ?
                 AND caller = ? AND component = ? AND grant_digest = ? AND principal = ?
                 AND scope = 'session' AND state = 'approved' AND expires_at > unixepoch()
             LIMIT 1",
        )
        .bind(&like.agent_id)
        .bind(&like.session)
        .bind(&like.tool)
        .bind(&like.caller)
        .bind(&like.component)
        .bind(&like.grant)
        .bind(&like.principal)
        .fetch_optional(self.0.pool())
        .await
        .map_err(self.0.failed())
    }

    /// Takes back a question that nobody waits for any more.
    pub async fn withdraw(&self, id: &str) -> Result<(), StoreError> {
        let mut write = self.0.write(Durability::Power).await?;
        sqlx::query(
            "UPDATE approvals SET state = 'withdrawn'
             WHERE id = ? AND scope = 'once' AND state IN ('pending', 'approved')",
        )
        .bind(id)
        .execute(&mut **write)
        .await
        .map_err(self.0.failed())?;
        write.commit().await
    }
}

impl StoredApproval {
    /// The time until it expires, by the clock of the database when it was read.
    pub fn seconds_left(&self) -> Duration {
        let left = self.expires_at.saturating_sub(self.read_at);
        Duration::from_secs(u64::try_from(left).unwrap_or(0).max(1))
    }

    fn read(row: SqliteRow) -> Result<Self, sqlx::Error> {
        let policies: String = row.try_get("policies")?;
        let expires_at: i64 = row.try_get("expires_at")?;
        let created_at: i64 = row.try_get("created_at")?;
        let now: i64 = row.try_get("now")?;
        let state = match ApprovalState::read(row.try_get("state")?)? {
            ApprovalState::Pending | ApprovalState::Approved if expires_at <= now => {
                ApprovalState::Expired
            }
            state => state,
        };
        Ok(Self {
            asked: NewApproval {
                id: row.try_get("id")?,
                agent_id: row.try_get("agent_id")?,
                session: row.try_get("session")?,
                principal: row.try_get("principal")?,
                tool: row.try_get("tool")?,
                caller: row.try_get("caller")?,
                component: row.try_get("component")?,
                grant: row.try_get("grant_digest")?,
                arguments_digest: row.try_get("arguments_digest")?,
                arguments: row.try_get("arguments")?,
                shown: row.try_get("shown")?,
                effect: row.try_get("effect")?,
                policies: policies.lines().map(str::to_owned).collect(),
                reason: row.try_get("reason")?,
                seconds: expires_at.saturating_sub(created_at),
            },
            state,
            scope: ApprovalScope::read(row.try_get("scope")?)?,
            created_at,
            expires_at,
            decided_at: row.try_get("decided_at")?,
            decided_by: row.try_get("decided_by")?,
            decision_reason: row.try_get("decision_reason")?,
            read_at: now,
        })
    }
}

impl ApprovalState {
    /// Its spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Used => "used",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }

    fn read(stored: &str) -> Result<Self, sqlx::Error> {
        match stored {
            "pending" => Ok(Self::Pending),
            "approved" => Ok(Self::Approved),
            "denied" => Ok(Self::Denied),
            "used" => Ok(Self::Used),
            "withdrawn" => Ok(Self::Withdrawn),
            // The table allows no other.
            other => Err(sqlx::Error::Decode(
                format!("an approval has the state {other:?}").into(),
            )),
        }
    }
}

impl ApprovalScope {
    /// Its spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Session => "session",
        }
    }

    fn read(stored: &str) -> Result<Self, sqlx::Error> {
        match stored {
            "once" => Ok(Self::Once),
            "session" => Ok(Self::Session),
            // The table allows no other.
            other => Err(sqlx::Error::Decode(
                format!("an approval has the scope {other:?}").into(),
            )),
        }
    }
}
