-- +goose Up
-- What riders have in their wallets beside the balance, until when. What is left of each is in the
-- ledger; due_at is when it is looked whether something has to go back.
CREATE TABLE hongbao (
    id         TEXT   NOT NULL PRIMARY KEY,
    rider      TEXT   NOT NULL CHECK (rider <> ''),
    city       TEXT   NOT NULL CHECK (city <> ''),
    sponsor    TEXT   NOT NULL CHECK (sponsor <> ''),
    amount     BIGINT NOT NULL CHECK (amount > 0),
    title_en   TEXT   NOT NULL,
    title_zh   TEXT   NOT NULL,
    given_at   BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    CONSTRAINT hongbao_dates CHECK (given_at < expires_at AND (due_at = 0 OR due_at >= expires_at))
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX hongbao_of_rider ON hongbao (rider, expires_at, id);
CREATE INDEX hongbao_due ON hongbao (due_at, id) WHERE due_at > 0;

-- What was spent of hongbaos, and came back, by time: what their sponsors are asked for.
CREATE INDEX transfer_of_hongbao ON transfer (at)
    WHERE (kind = 'posted' OR kind = 'post')
        AND (substr(debit, 1, 8) = 'hongbao:' OR substr(credit, 1, 8) = 'hongbao:');

ALTER TABLE refund ADD COLUMN hongbao BIGINT NOT NULL DEFAULT 0
    CHECK (hongbao >= 0 AND hongbao <= amount);

-- +goose Down
