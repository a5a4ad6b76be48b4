-- Portable on purpose: TEXT and BIGINT only, times as Unix seconds.

CREATE TABLE users (
    id            TEXT   PRIMARY KEY,
    -- Who vouches for the user: 'password', with the mail address as subject, or a social
    -- provider with the id it gave. An account with several ways in would need a table of its own.
    provider      TEXT   NOT NULL,
    subject       TEXT   NOT NULL,
    password_hash TEXT,
    email         TEXT,
    name          TEXT   NOT NULL,
    picture       TEXT,
    created_at    BIGINT NOT NULL,
    UNIQUE (provider, subject)
);

-- One sign-in and every refresh token that follows from it.
CREATE TABLE families (
    id         TEXT   PRIMARY KEY,
    user_id    TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);

CREATE INDEX families_by_user ON families (user_id);

-- The SHA-256 of each token, never the token.
CREATE TABLE refresh_tokens (
    hash       TEXT   PRIMARY KEY,
    family_id  TEXT   NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    number     BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    rotated_at BIGINT
);

CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family_id);

CREATE TABLE notes (
    id         TEXT   PRIMARY KEY,
    user_id    TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    text       TEXT   NOT NULL,
    -- Milliseconds, so that notes keep their order.
    created_ms BIGINT NOT NULL
);

CREATE INDEX notes_by_user ON notes (user_id, created_ms);
