-- When a token of the family was last presented. A rotation writes this first: the row is its lock.
ALTER TABLE families ADD COLUMN presented_at BIGINT;

-- Access tokens of earlier rotations are refused.
ALTER TABLE families ADD COLUMN access_from BIGINT NOT NULL DEFAULT 0;

-- What every instance on this database has to have alike.
CREATE TABLE agreed (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
