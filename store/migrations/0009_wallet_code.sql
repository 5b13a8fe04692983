-- +goose Up
-- The secrets by which riders' phones show codes that pay out of their wallets.
CREATE TABLE wallet_code (
    handle  TEXT   NOT NULL PRIMARY KEY,
    rider   TEXT   NOT NULL CHECK (rider <> ''),
    secret  TEXT   NOT NULL CHECK (length(secret) = 64),
    made_at BIGINT NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX wallet_code_of_rider ON wallet_code (rider);

-- A code pays once.
CREATE TABLE wallet_code_used (
    handle TEXT   NOT NULL,
    step   BIGINT NOT NULL,
    ride   TEXT   NOT NULL,
    driver TEXT   NOT NULL,
    at     BIGINT NOT NULL
);
CREATE UNIQUE INDEX wallet_code_once ON wallet_code_used (handle, step);

-- Wrong codes by driver.
CREATE TABLE wallet_code_tries (
    driver TEXT   NOT NULL PRIMARY KEY,
    wrong  BIGINT NOT NULL CHECK (wrong >= 0 AND wrong <= 10),
    since  BIGINT NOT NULL
) /* sqlite: WITHOUT ROWID */;

-- +goose Down
