-- +goose Up
-- A day on which more came back to a campaign than it gave is a claim below 0.
CREATE TABLE claim_signed (
    campaign   TEXT   NOT NULL,
    day        TEXT   NOT NULL,
    city       TEXT   NOT NULL,
    sponsor    TEXT   NOT NULL,
    amount     BIGINT NOT NULL CHECK (amount <> 0),
    transfers  BIGINT NOT NULL,
    state      TEXT   NOT NULL CHECK (state = 'claimed' OR state = 'disputed'
        OR state = 'settled'),
    disputed   BIGINT NOT NULL CHECK (disputed >= 0 AND (disputed = 0 OR disputed <= amount)),
    withdrawn  BIGINT NOT NULL CHECK (withdrawn >= 0 AND (withdrawn = 0 OR withdrawn <= amount)),
    why        TEXT   NOT NULL,
    made_at    BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT   NOT NULL,
    PRIMARY KEY (campaign, day)
) /* sqlite: WITHOUT ROWID */;
INSERT INTO claim_signed SELECT campaign, day, city, sponsor, amount, transfers, state, disputed,
    withdrawn, why, made_at, changed_at, changed_by FROM claim;
DROP TABLE claim;
ALTER TABLE claim_signed RENAME TO claim;

-- What came back to campaigns or their sponsors for fares that were corrected.
CREATE INDEX transfer_returned ON transfer (at)
    WHERE code = 'subsidy_rider_back' OR code = 'subsidy_driver_back';

-- +goose Down
