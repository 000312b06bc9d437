//! The table `limits`.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::limit::{Count, Counting, Limit};
use crate::store::Tx;
use crate::store::db::{locking, query};

impl Tx {
    /// Counts one attempt under each key, until a limit that is met refuses it. A refused attempt is not written, because
    /// nothing would ever take it back. It is not counted under the keys that follow either. A caller that rolls back then
    /// leaves no trace.
    pub(crate) async fn count(&mut self, limits: &[Limit], now: Timestamp) -> Result<Vec<Count>> {
        let mut counts = Vec::with_capacity(limits.len());
        let mut is_refused = false;
        for limit in limits {
            let most = i64::from(limit.rate.count);
            let counted = if is_refused { None } else { self.count_one(limit, now).await? };
            let (outcome, resets_at) = match counted {
                Some((tries, end)) if tries < most => (Counting::Counted, end),
                Some((_, end)) => (Counting::Last, end),
                None => match self.window(&limit.key, now).await? {
                    (tries, end) if tries >= most => (Counting::Full, end),
                    (_, end) => (Counting::Skipped, end),
                },
            };
            is_refused |= limit.is_met && outcome == Counting::Full;
            let resets_at = Timestamp::from_millis(resets_at);
            counts.push(Count { key: limit.key.clone(), resets_at, outcome });
        }
        Ok(counts)
    }

    /// Counts an attempt under one key; `None` when the limit is used up.
    async fn count_one(&mut self, limit: &Limit, now: Timestamp) -> Result<Option<(i64, i64)>> {
        query(
            "INSERT INTO cloakroom_limits (key, count, resets_at) VALUES ($1, 1, $3)
             ON CONFLICT (key) DO UPDATE SET
                 count     = CASE WHEN cloakroom_limits.resets_at <= $2 THEN 1  ELSE cloakroom_limits.count + 1 END,
                 resets_at = CASE WHEN cloakroom_limits.resets_at <= $2 THEN $3 ELSE cloakroom_limits.resets_at END
             WHERE cloakroom_limits.resets_at <= $2 OR cloakroom_limits.count < $4
             RETURNING count, resets_at",
        )
        .bind(&*limit.key)
        .bind(now)
        .bind(now.plus(limit.rate.window))
        .bind(i64::from(limit.rate.count))
        .optional(self)
        .await
    }

    /// Returns the number of attempts in the open window, and its end.
    async fn window(&mut self, key: &str, now: Timestamp) -> Result<(i64, i64)> {
        let open = query("SELECT count, resets_at FROM cloakroom_limits WHERE key = $1 AND resets_at > $2")
            .bind(key)
            .bind(now)
            .optional(self)
            .await?;
        Ok(open.unwrap_or((0, now.as_millis())))
    }

    /// Takes one attempt back, if its window is still the one in which it was counted.
    pub(crate) async fn uncount(&mut self, count: &Count) -> Result<()> {
        query(
            "UPDATE cloakroom_limits SET count = count - 1 WHERE key = $1 AND resets_at = $2 AND count > 0",
        )
        .bind(&*count.key)
        .bind(count.resets_at)
        .execute(self)
        .await?;
        Ok(())
    }

    /// Resets a count.
    pub(crate) async fn forget_limit(&mut self, key: &str) -> Result<()> {
        query("DELETE FROM cloakroom_limits WHERE key = $1").bind(key).execute(self).await?;
        Ok(())
    }

    /// Removes at most `most` windows that have ended. Returns the number of rows.
    pub(crate) async fn sweep_limits(&mut self, now: Timestamp, most: i64) -> Result<u64> {
        let swept = query(locking!(
            self,
            "WITH chosen AS (SELECT key FROM cloakroom_limits WHERE resets_at <= $1 LIMIT $2",
            "FOR UPDATE SKIP LOCKED",
            ") DELETE FROM cloakroom_limits WHERE key IN (SELECT key FROM chosen)",
        ))
        .bind(now)
        .bind(most)
        .execute(self)
        .await?;
        Ok(swept.0)
    }
}
