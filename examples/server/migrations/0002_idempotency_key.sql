-- The SHA-256 of the Idempotency-Key with which the token was traded in, if there was one.
ALTER TABLE refresh_tokens ADD COLUMN key_hash TEXT;
