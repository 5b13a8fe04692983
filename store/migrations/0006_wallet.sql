-- +goose Up
-- What riders' wallets ask for before they pay much: wrong tries, and what was paid without it on a day.
CREATE TABLE pay_pin (
    rider        TEXT   NOT NULL PRIMARY KEY,
    hash         TEXT   NOT NULL CHECK (hash <> ''),
    own_limits   BIGINT NOT NULL,
    free_each    BIGINT NOT NULL CHECK (free_each >= 0),
    free_day     BIGINT NOT NULL CHECK (free_day >= 0),
    tries        BIGINT NOT NULL CHECK (tries >= 0 AND tries <= 5),
    locked_until BIGINT NOT NULL,
    spent_on     TEXT   NOT NULL,
    spent        BIGINT NOT NULL CHECK (spent >= 0),
    changed_at   BIGINT NOT NULL,
    CONSTRAINT pay_pin_locked CHECK ((locked_until > 0) = (tries = 5))
) /* sqlite: WITHOUT ROWID */;

-- +goose Down
