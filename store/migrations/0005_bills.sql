-- +goose Up
-- What channels say each day that they have moved, and how it was settled.
CREATE TABLE bill (
    channel     TEXT   NOT NULL,
    merchant    TEXT   NOT NULL,
    day         TEXT   NOT NULL,
    from_at     BIGINT NOT NULL,
    to_at       BIGINT NOT NULL,
    digest      TEXT   NOT NULL,
    row_count   BIGINT NOT NULL,
    paid        BIGINT NOT NULL,
    refunded    BIGINT NOT NULL,
    fees        BIGINT NOT NULL,
    whole       BIGINT NOT NULL,
    settlements BIGINT NOT NULL,
    settled     BIGINT NOT NULL,
    imported_at BIGINT NOT NULL,
    PRIMARY KEY (channel, merchant, day)
) /* sqlite: WITHOUT ROWID */;

-- A number is agreed upon, or counted as lost, at most once, whatever bills have it.
CREATE TABLE bill_row (
    channel    TEXT   NOT NULL,
    merchant   TEXT   NOT NULL,
    day        TEXT   NOT NULL,
    kind       TEXT   NOT NULL CHECK (kind = 'charge' OR kind = 'refund'),
    number     TEXT   NOT NULL CHECK (number <> ''),
    of_order   TEXT   NOT NULL,
    trade      TEXT   NOT NULL,
    amount     BIGINT NOT NULL CHECK (amount > 0),
    fee        BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    state      TEXT   NOT NULL CHECK (state = 'open' OR state = 'agreed' OR state = 'booked'
        OR state = 'lost'),
    settlement BIGINT NOT NULL,
    PRIMARY KEY (channel, merchant, day, kind, number),
    CONSTRAINT bill_row_settlement CHECK ((settlement > 0) = (state = 'agreed'))
) /* sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX bill_row_once ON bill_row (channel, merchant, number, kind)
    WHERE (state = 'agreed' OR state = 'lost');
CREATE INDEX bill_row_number ON bill_row (number, channel, merchant, kind);
CREATE INDEX bill_row_open ON bill_row (channel, merchant, day, number) WHERE state = 'open';

CREATE TABLE difference (
    id          TEXT   NOT NULL PRIMARY KEY,
    channel     TEXT   NOT NULL,
    merchant    TEXT   NOT NULL,
    day         TEXT   NOT NULL,
    cause       TEXT   NOT NULL CHECK (cause <> ''),
    kind        TEXT   NOT NULL,
    number      TEXT   NOT NULL,
    of_order    TEXT   NOT NULL,
    trade       TEXT   NOT NULL,
    subject     TEXT   NOT NULL,
    their_amount BIGINT NOT NULL,
    their_fee   BIGINT NOT NULL,
    our_amount  BIGINT NOT NULL,
    our_fee     BIGINT NOT NULL,
    our_state   TEXT   NOT NULL,
    written_off BIGINT NOT NULL,
    state       TEXT   NOT NULL CHECK (state = 'open' OR state = 'booked' OR state = 'gone'),
    moved_at    BIGINT NOT NULL,
    found_at    BIGINT NOT NULL,
    decided_at  BIGINT NOT NULL,
    decided_by  TEXT   NOT NULL,
    note        TEXT   NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX difference_state ON difference (channel, state, id);

-- What a campaign has given, by time: what its sponsor is asked for.
CREATE INDEX transfer_given ON transfer (debit, at)
    WHERE (kind = 'posted' OR kind = 'post') AND substr(debit, 1, 13) = 'promo_budget:';

-- A campaign is claimed from its sponsor once a city day.
CREATE TABLE claim (
    campaign   TEXT   NOT NULL,
    day        TEXT   NOT NULL,
    city       TEXT   NOT NULL,
    sponsor    TEXT   NOT NULL,
    amount     BIGINT NOT NULL CHECK (amount > 0),
    transfers  BIGINT NOT NULL,
    state      TEXT   NOT NULL CHECK (state = 'claimed' OR state = 'disputed'
        OR state = 'settled'),
    disputed   BIGINT NOT NULL CHECK (disputed >= 0 AND disputed <= amount),
    withdrawn  BIGINT NOT NULL CHECK (withdrawn >= 0 AND withdrawn <= amount),
    why        TEXT   NOT NULL,
    made_at    BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT   NOT NULL,
    PRIMARY KEY (campaign, day)
) /* sqlite: WITHOUT ROWID */;

-- +goose Down
