-- +goose Up
-- What campaigns have given for rides afterwards: each for a ride once, and one of each group.
CREATE TABLE repair (
    campaign TEXT   NOT NULL,
    ride     TEXT   NOT NULL,
    version  BIGINT NOT NULL,
    stack    TEXT   NOT NULL,
    rider    BIGINT NOT NULL CHECK (rider >= 0),
    driver   BIGINT NOT NULL CHECK (driver >= 0),
    why      TEXT   NOT NULL CHECK (why <> ''),
    made_by  TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (campaign, ride),
    CONSTRAINT repair_gives CHECK (rider + driver > 0)
) /* sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX repair_one_of_group ON repair (ride, stack);

-- +goose Down
