-- +goose Up
-- A secret is sealed by the server's key. Those that lay here in plain go: phones ask for new ones.
DROP TABLE wallet_code;
CREATE TABLE wallet_code (
    handle  TEXT   NOT NULL PRIMARY KEY,
    rider   TEXT   NOT NULL CHECK (rider <> ''),
    sealer  TEXT   NOT NULL CHECK (sealer <> ''),
    sealed  BYTEA  NOT NULL CHECK (length(sealed) = 60),
    made_at BIGINT NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX wallet_code_of_rider ON wallet_code (rider);

-- +goose Down
