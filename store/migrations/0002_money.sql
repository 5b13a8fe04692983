-- +goose Up
-- A sum stays below 10^18 fen, so that adding two of them cannot overflow 64 bits.
CREATE TABLE account (
    id              TEXT   NOT NULL PRIMARY KEY,
    debits          BIGINT NOT NULL,
    credits         BIGINT NOT NULL,
    pending_debits  BIGINT NOT NULL,
    pending_credits BIGINT NOT NULL,
    no_overdraft    BIGINT NOT NULL,
    CONSTRAINT account_sums CHECK (debits >= 0 AND credits >= 0
        AND pending_debits >= 0 AND pending_credits >= 0
        AND debits <= 1000000000000000000 AND credits <= 1000000000000000000
        AND pending_debits <= 1000000000000000000 AND pending_credits <= 1000000000000000000),
    CONSTRAINT account_overdraft CHECK (no_overdraft = 0 OR debits + pending_debits <= credits)
) /* sqlite: WITHOUT ROWID */;

-- seq is the order of booking. A transfer never changes: see the triggers.
CREATE TABLE transfer (
    /* sqlite: seq INTEGER PRIMARY KEY, */
    /* postgres: seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, */
    id         TEXT   NOT NULL,
    kind       TEXT   NOT NULL CHECK (kind = 'posted' OR kind = 'pending'
        OR kind = 'post' OR kind = 'void' OR kind = 'expire'),
    pending_id TEXT   NOT NULL,
    debit      TEXT   NOT NULL REFERENCES account (id),
    credit     TEXT   NOT NULL REFERENCES account (id),
    amount     BIGINT NOT NULL CHECK (amount > 0),
    code       TEXT   NOT NULL,
    entry      TEXT   NOT NULL,
    part       BIGINT NOT NULL,
    subject    TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    CONSTRAINT transfer_sides CHECK (debit <> credit),
    CONSTRAINT transfer_ends
        CHECK ((pending_id <> '') = (kind <> 'posted' AND kind <> 'pending'))
);
CREATE UNIQUE INDEX transfer_id ON transfer (id);
CREATE UNIQUE INDEX transfer_entry ON transfer (entry, part);
CREATE UNIQUE INDEX transfer_one_end ON transfer (pending_id) WHERE pending_id <> '';
CREATE INDEX transfer_subject ON transfer (subject, seq) WHERE subject <> '';

-- The chain over the ledger: a row an entry, in the order of the entries' first transfers. It is
-- appended by a pass of its own, after the entries are committed.
CREATE TABLE seal (
    seq   BIGINT NOT NULL PRIMARY KEY,
    entry TEXT   NOT NULL,
    hash  TEXT   NOT NULL CHECK (length(hash) = 64)
) /* sqlite: WITHOUT ROWID */;

CREATE TABLE payment (
    id       TEXT   NOT NULL PRIMARY KEY,
    subject  TEXT   NOT NULL,
    payer    TEXT   NOT NULL,
    payee    TEXT   NOT NULL,
    purpose  TEXT   NOT NULL,
    amount   BIGINT NOT NULL CHECK (amount > 0),
    discount BIGINT NOT NULL,
    state    TEXT   NOT NULL CHECK (state <> ''),
    channel  TEXT   NOT NULL,
    attempts BIGINT NOT NULL,
    refunded BIGINT NOT NULL CHECK (refunded >= 0 AND refunded <= amount - discount),
    CONSTRAINT payment_discount CHECK (discount >= 0 AND discount <= amount)
) /* sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX payment_owed_once ON payment (subject, payer, purpose);
CREATE INDEX payment_cancel_fee ON payment (payer, id) WHERE purpose = 'cancel_fee';

CREATE TABLE attempt (
    id       TEXT   NOT NULL PRIMARY KEY,
    payment  TEXT   NOT NULL REFERENCES payment (id),
    subject  TEXT   NOT NULL,
    payer    TEXT   NOT NULL,
    payee    TEXT   NOT NULL,
    purpose  TEXT   NOT NULL,
    channel  TEXT   NOT NULL,
    state    TEXT   NOT NULL CHECK (state <> ''),
    reason   TEXT   NOT NULL,
    made_at  BIGINT NOT NULL,
    due_at   BIGINT NOT NULL,
    tries    BIGINT NOT NULL,
    order_id TEXT   NOT NULL,
    captured BIGINT NOT NULL CHECK (captured >= 0),
    refunded BIGINT NOT NULL,
    way      TEXT   NOT NULL,
    merchant TEXT   NOT NULL,
    token    TEXT   NOT NULL,
    ticket   TEXT   NOT NULL,
    trade    TEXT   NOT NULL,
    captured_at BIGINT NOT NULL,
    CONSTRAINT attempt_refunded CHECK (refunded >= 0 AND refunded <= captured)
) /* sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX attempt_one_open ON attempt (payment)
    WHERE (state = 'created' OR state = 'sent' OR state = 'unknown');
CREATE INDEX attempt_due ON attempt (due_at, id)
    WHERE due_at > 0 AND (state = 'created' OR state = 'sent' OR state = 'unknown');

CREATE INDEX attempt_of_payment ON attempt (payment, id);
CREATE UNIQUE INDEX attempt_one_paid ON attempt (payment) WHERE state = 'paid';
CREATE INDEX attempt_captured ON attempt (channel, merchant, captured_at, id)
    WHERE captured_at > 0;
CREATE INDEX attempt_of_order ON attempt (order_id, id) WHERE order_id <> id;

CREATE TABLE refund (
    id       TEXT   NOT NULL PRIMARY KEY,
    of_order TEXT   NOT NULL REFERENCES attempt (id),
    payment  TEXT   NOT NULL,
    subject  TEXT   NOT NULL,
    channel  TEXT   NOT NULL,
    merchant TEXT   NOT NULL,
    giver    TEXT   NOT NULL,
    captured BIGINT NOT NULL,
    amount   BIGINT NOT NULL CHECK (amount > 0 AND amount <= captured),
    why      TEXT   NOT NULL,
    state    TEXT   NOT NULL CHECK (state <> ''),
    reason   TEXT   NOT NULL,
    made_at  BIGINT NOT NULL,
    due_at   BIGINT NOT NULL,
    tries    BIGINT NOT NULL,
    done_at  BIGINT NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX refund_done ON refund (channel, merchant, done_at, id)
    WHERE done_at > 0;
CREATE INDEX refund_due ON refund (due_at, id)
    WHERE due_at > 0 AND (state = 'created' OR state = 'sent' OR state = 'unknown');
CREATE INDEX refund_subject ON refund (subject, id);

-- What drivers take out. A withdrawal is at its channel under its id, once and for good.
CREATE TABLE withdrawal (
    id       TEXT   NOT NULL PRIMARY KEY,
    driver   TEXT   NOT NULL CHECK (driver <> ''),
    city     TEXT   NOT NULL,
    channel  TEXT   NOT NULL,
    account  TEXT   NOT NULL CHECK (account <> ''),
    name     TEXT   NOT NULL,
    amount   BIGINT NOT NULL CHECK (amount > 0),
    day      TEXT   NOT NULL,
    state    TEXT   NOT NULL CHECK (state <> ''),
    reason   TEXT   NOT NULL,
    made_at  BIGINT NOT NULL,
    pay_at   BIGINT NOT NULL,
    due_at   BIGINT NOT NULL,
    sent_at  BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    tries    BIGINT NOT NULL,
    ticket   TEXT   NOT NULL,
    trade    TEXT   NOT NULL,
    file     TEXT   NOT NULL,
    CONSTRAINT withdrawal_ended CHECK ((ended_at > 0) = (state = 'paid' OR state = 'closed')),
    CONSTRAINT withdrawal_sent CHECK (sent_at > 0 OR state = 'created')
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX withdrawal_of_driver ON withdrawal (driver, id);
CREATE INDEX withdrawal_of_day ON withdrawal (driver, day);
CREATE INDEX withdrawal_paid ON withdrawal (driver, ended_at) WHERE state = 'paid';
CREATE INDEX withdrawal_open ON withdrawal (id)
    WHERE (state = 'created' OR state = 'sent' OR state = 'unknown');
CREATE INDEX withdrawal_due ON withdrawal (due_at, id)
    WHERE due_at > 0 AND (state = 'created' OR state = 'sent' OR state = 'unknown');
CREATE INDEX withdrawal_for_bank ON withdrawal (id)
    WHERE channel = 'bank' AND state = 'created' AND file = '';
CREATE INDEX withdrawal_file ON withdrawal (file, id) WHERE file <> '';

-- Subsidies that are not paid with their rides, which look like brushing.
CREATE TABLE subsidy_hold (
    ride        TEXT   NOT NULL PRIMARY KEY,
    city        TEXT   NOT NULL,
    rider       TEXT   NOT NULL,
    driver      TEXT   NOT NULL CHECK (driver <> ''),
    score       BIGINT NOT NULL,
    findings    TEXT   NOT NULL,
    state       TEXT   NOT NULL CHECK (state = 'held' OR state = 'appealed'
        OR state = 'released' OR state = 'denied'),
    made_at     BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,
    appeal      TEXT   NOT NULL,
    appealed_at BIGINT NOT NULL,
    decided_by  TEXT   NOT NULL,
    note        TEXT   NOT NULL,
    decided_at  BIGINT NOT NULL,
    CONSTRAINT hold_decision CHECK ((state = 'released' OR state = 'denied') = (decided_at > 0)
        AND (decided_at > 0) = (decided_by <> '') AND (decided_at > 0) = (due_at = 0)),
    CONSTRAINT hold_appeal CHECK (state <> 'appealed' OR appealed_at > 0)
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX hold_due ON subsidy_hold (due_at, ride) WHERE due_at > 0;
CREATE INDEX hold_of_driver ON subsidy_hold (driver, ride);
CREATE INDEX hold_open ON subsidy_hold (city, ride) WHERE due_at > 0;

CREATE TABLE notice (
    channel  TEXT   NOT NULL,
    id       TEXT   NOT NULL,
    kind     TEXT   NOT NULL,
    order_id TEXT   NOT NULL,
    amount   BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (channel, id)
) /* sqlite: WITHOUT ROWID */;

-- What QR codes for paying lead to: the taxi on whose dashboard it is, a ride, or a share of its fare.
CREATE TABLE pay_code (
    code    TEXT   NOT NULL PRIMARY KEY,
    taxi    TEXT   NOT NULL,
    ride    TEXT   NOT NULL,
    share   TEXT   NOT NULL,
    made_at BIGINT NOT NULL,
    CONSTRAINT pay_code_target CHECK ((taxi <> '') <> (ride <> ''))
) /* sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX pay_code_of_taxi ON pay_code (taxi) WHERE taxi <> '';
CREATE UNIQUE INDEX pay_code_of_ride ON pay_code (ride, share) WHERE ride <> '';
-- Fares that friends share, until when: then who organised it covers what is not paid.
CREATE TABLE split (
    ride   TEXT   NOT NULL PRIMARY KEY,
    due_at BIGINT NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX split_due ON split (due_at, ride);
CREATE INDEX rider_by_phone ON rider (phone, id) WHERE phone <> '';
CREATE INDEX payment_share ON payment (payer, id) WHERE purpose = 'share';
CREATE INDEX ride_last_of_taxi ON ride (taxi, started_at, id)
    WHERE started_at > 0 AND (state = 'on_trip' OR state = 'completed');

CREATE TABLE leg (
    attempt    TEXT   NOT NULL REFERENCES attempt (id),
    part       BIGINT NOT NULL,
    instrument TEXT   NOT NULL,
    amount     BIGINT NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (attempt, part)
) /* sqlite: WITHOUT ROWID */;

CREATE TABLE campaign (
    id        TEXT   NOT NULL,
    version   BIGINT NOT NULL CHECK (version > 0),
    name      TEXT   NOT NULL,
    city      TEXT   NOT NULL,
    sponsor   TEXT   NOT NULL,
    channel   TEXT   NOT NULL,
    state     TEXT   NOT NULL CHECK (state = 'runs' OR state = 'paused' OR state = 'ended'),
    stack     TEXT   NOT NULL,
    rules     TEXT   NOT NULL,
    cap       BIGINT NOT NULL CHECK (cap > 0),
    starts_at BIGINT NOT NULL,
    ends_at   BIGINT NOT NULL,
    PRIMARY KEY (id, version),
    CONSTRAINT campaign_dates CHECK (starts_at < ends_at)
) /* sqlite: WITHOUT ROWID */;

-- What a completed ride reads: the campaigns of its city that are not long over.
CREATE INDEX campaign_in_city ON campaign (city, ends_at);

-- How often a campaign has given to somebody on a business day. The count goes up by a statement
-- whose condition is the limit; the CHECK keeps what is given back from being given back twice.
CREATE TABLE campaign_count (
    campaign TEXT   NOT NULL,
    day      TEXT   NOT NULL,
    side     TEXT   NOT NULL,
    who      TEXT   NOT NULL,
    n        BIGINT NOT NULL CHECK (n >= 0),
    PRIMARY KEY (campaign, day, side, who)
) /* sqlite: WITHOUT ROWID */;

-- Named groups of riders, for campaigns.
CREATE TABLE segment (
    rider TEXT NOT NULL,
    name  TEXT NOT NULL CHECK (name <> ''),
    PRIMARY KEY (rider, name)
) /* sqlite: WITHOUT ROWID */;

-- Daily draws. What was announced for a day stands in its row and does not change with later versions.
CREATE TABLE draw (
    id        TEXT   NOT NULL,
    version   BIGINT NOT NULL CHECK (version > 0),
    name      TEXT   NOT NULL,
    city      TEXT   NOT NULL,
    sponsor   TEXT   NOT NULL,
    channel   TEXT   NOT NULL,
    slots     BIGINT NOT NULL CHECK (slots > 0 AND slots <= 200),
    max_win   BIGINT NOT NULL CHECK (max_win > 0),
    number_is TEXT   NOT NULL,
    first_day TEXT   NOT NULL,
    last_day  TEXT   NOT NULL,
    PRIMARY KEY (id, version),
    CONSTRAINT draw_days CHECK (first_day <= last_day)
) /* sqlite: WITHOUT ROWID */;

CREATE TABLE draw_day (
    draw        TEXT   NOT NULL,
    day         TEXT   NOT NULL,
    city        TEXT   NOT NULL,
    channel     TEXT   NOT NULL,
    slots       BIGINT NOT NULL CHECK (slots > 0 AND slots <= 200),
    max_win     BIGINT NOT NULL CHECK (max_win > 0),
    number_is   TEXT   NOT NULL,
    secret      TEXT   NOT NULL CHECK (length(secret) = 64),
    ends_at     BIGINT NOT NULL,
    state       TEXT   NOT NULL CHECK (state <> ''),
    version     BIGINT NOT NULL CHECK (version > 0),
    cursor      TEXT   NOT NULL,
    lots        BIGINT NOT NULL CHECK (lots >= 0),
    list        TEXT   NOT NULL,
    number      TEXT   NOT NULL,
    frozen_at   BIGINT NOT NULL,
    numbered_at BIGINT NOT NULL,
    drawn_at    BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,
    PRIMARY KEY (draw, day),
    CONSTRAINT draw_day_list CHECK ((frozen_at > 0) = (list <> '')),
    CONSTRAINT draw_day_number CHECK ((numbered_at > 0) = (number <> '')
        AND (number = '' OR list <> ''))
) /* sqlite: WITHOUT ROWID */;
-- A city has one draw a day, and so at most 200 free rides: whatever the code does.
CREATE UNIQUE INDEX draw_day_one_per_city ON draw_day (city, day) WHERE state <> 'cancelled';
CREATE INDEX draw_day_due ON draw_day (due_at, draw, day) WHERE due_at > 0;

-- The rides of the frozen lists. A ride is in one list of a draw.
CREATE TABLE lot (
    draw    TEXT   NOT NULL,
    day     TEXT   NOT NULL,
    code    TEXT   NOT NULL CHECK (length(code) = 20),
    paid    BIGINT NOT NULL CHECK (paid > 0),
    subject TEXT   NOT NULL,
    payer   TEXT   NOT NULL,
    PRIMARY KEY (draw, day, code),
    FOREIGN KEY (draw, day) REFERENCES draw_day (draw, day)
) /* sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX lot_once ON lot (subject, draw);
CREATE INDEX lot_of_payer ON lot (payer, subject);

CREATE TABLE win (
    draw   TEXT   NOT NULL,
    day    TEXT   NOT NULL,
    slot   BIGINT NOT NULL CHECK (slot > 0 AND slot <= 200),
    code   TEXT   NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    state  TEXT   NOT NULL CHECK (state = 'due' OR state = 'sent' OR state = 'nothing'),
    sent   BIGINT NOT NULL CHECK (sent >= 0 AND sent <= amount),
    refund TEXT   NOT NULL,
    PRIMARY KEY (draw, day, slot),
    FOREIGN KEY (draw, day, code) REFERENCES lot (draw, day, code),
    CONSTRAINT win_sent CHECK ((state = 'sent') = (sent > 0) AND (sent > 0) = (refund <> ''))
) /* sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX win_once ON win (draw, day, code);

-- +goose Down
