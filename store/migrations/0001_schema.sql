-- +goose Up
-- Both engines read this text. Times are epoch milliseconds in the city clock, 0 is no time; money
-- is fen; states are stored by name; "" is no id. What stands in marks is for one engine alone:
-- WITHOUT ROWID keeps a small row in the tree of its key instead of in a second tree. States are
-- compared one by one: for IN (…) in an index or check SQLite builds a table with every write.

CREATE TABLE city_owner (
    city     TEXT   NOT NULL PRIMARY KEY,
    fence    BIGINT NOT NULL,
    alive_at BIGINT NOT NULL DEFAULT 0
) /* sqlite: WITHOUT ROWID */;

CREATE TABLE rider (
    id     TEXT   NOT NULL PRIMARY KEY,
    name   TEXT   NOT NULL,
    phone  TEXT   NOT NULL,
    senior BIGINT NOT NULL DEFAULT 0
) /* sqlite: WITHOUT ROWID */;

CREATE TABLE driver (
    id      TEXT NOT NULL PRIMARY KEY,
    city    TEXT NOT NULL,
    name    TEXT NOT NULL,
    phone   TEXT NOT NULL,
    company TEXT NOT NULL
) /* sqlite: WITHOUT ROWID */;

CREATE TABLE taxi (
    id    TEXT   NOT NULL PRIMARY KEY,
    city  TEXT   NOT NULL,
    plate TEXT   NOT NULL,
    seats BIGINT NOT NULL,
    class TEXT   NOT NULL,
    tags  TEXT   NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX taxi_one_per_plate ON taxi (city, plate) WHERE plate <> '';

CREATE TABLE shift (
    driver     TEXT   NOT NULL PRIMARY KEY,
    taxi       TEXT   NOT NULL,
    city       TEXT   NOT NULL,
    seats      BIGINT NOT NULL,
    class      TEXT   NOT NULL,
    tags       TEXT   NOT NULL,
    duty       TEXT   NOT NULL CHECK (duty <> ''),
    silent     BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    -- Where the driver is going, 0 0 for nowhere, and how often that was said on which day.
    toward_lat  DOUBLE PRECISION NOT NULL,
    toward_lng  DOUBLE PRECISION NOT NULL,
    toward_day  BIGINT NOT NULL,
    toward_used BIGINT NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX shift_one_per_taxi ON shift (taxi) WHERE duty <> 'off';
CREATE INDEX shift_changed ON shift (city, changed_at);

-- A driver's turn in the queue of a stand; ride is the one for which it is kept.
CREATE TABLE stand_turn (
    driver     TEXT   NOT NULL PRIMARY KEY,
    taxi       TEXT   NOT NULL,
    city       TEXT   NOT NULL,
    stand      TEXT   NOT NULL,
    place      BIGINT NOT NULL,
    entered_at BIGINT NOT NULL,
    ordered_at BIGINT NOT NULL,
    ride       TEXT   NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX stand_turn_order ON stand_turn (city, stand, place);

CREATE TABLE ride (
    id               TEXT             NOT NULL PRIMARY KEY,
    city             TEXT             NOT NULL,
    kind             TEXT             NOT NULL CHECK (kind <> ''),
    state            TEXT             NOT NULL CHECK (state <> ''),
    version          BIGINT           NOT NULL CHECK (version > 0),
    search           BIGINT           NOT NULL,
    rider            TEXT             NOT NULL,
    pickup_lat       DOUBLE PRECISION NOT NULL,
    pickup_lng       DOUBLE PRECISION NOT NULL,
    pickup_name      TEXT             NOT NULL,
    pickup_note      TEXT             NOT NULL,
    dropoff_lat      DOUBLE PRECISION NOT NULL,
    dropoff_lng      DOUBLE PRECISION NOT NULL,
    dropoff_name     TEXT             NOT NULL,
    dropoff_note     TEXT             NOT NULL,
    seats            BIGINT           NOT NULL,
    class            TEXT             NOT NULL,
    tags             TEXT             NOT NULL,
    senior           BIGINT           NOT NULL,
    pay_by           TEXT             NOT NULL,
    tip              BIGINT           NOT NULL,
    quote_low        BIGINT           NOT NULL,
    quote_high       BIGINT           NOT NULL,
    quote_pickup_ms  BIGINT           NOT NULL,
    quote_distance_m BIGINT           NOT NULL,
    quote_source     TEXT             NOT NULL,
    driver           TEXT             NOT NULL,
    taxi             TEXT             NOT NULL,
    slot             TEXT             NOT NULL,
    expected_at      BIGINT           NOT NULL,
    requested_at     BIGINT           NOT NULL,
    flight           TEXT             NOT NULL,
    flight_day       TEXT             NOT NULL,
    terminal         TEXT             NOT NULL,
    for_driver       TEXT             NOT NULL,
    for_team         TEXT             NOT NULL,
    team_at          BIGINT           NOT NULL,
    open_at          BIGINT           NOT NULL,
    booking_fee      BIGINT           NOT NULL,
    voice_format     TEXT             NOT NULL,
    voice_ms         BIGINT           NOT NULL,
    device           TEXT             NOT NULL,
    pickup_at        BIGINT           NOT NULL,
    flight_at        BIGINT           NOT NULL,
    due_at           BIGINT           NOT NULL,
    reminded_at      BIGINT           NOT NULL,
    hand_team        TEXT             NOT NULL,
    hand_to          TEXT             NOT NULL,
    handed_at        BIGINT           NOT NULL,
    search_by        BIGINT           NOT NULL,
    claimed_at       BIGINT           NOT NULL,
    arrived_at       BIGINT           NOT NULL,
    started_at       BIGINT           NOT NULL,
    completed_at     BIGINT           NOT NULL,
    ended_at         BIGINT           NOT NULL,
    changed_at       BIGINT           NOT NULL,
    meter            BIGINT           NOT NULL,
    tolls            BIGINT           NOT NULL,
    by_trace         BIGINT           NOT NULL,
    coverage         BIGINT           NOT NULL,
    driven_m         BIGINT           NOT NULL,
    flagged          BIGINT           NOT NULL,
    fare_state       TEXT             NOT NULL,
    fare_lines       TEXT             NOT NULL,
    fare_total       BIGINT           NOT NULL,
    fare_note        TEXT             NOT NULL,
    fare_by          TEXT             NOT NULL,
    fare_said        TEXT             NOT NULL,
    campaign         TEXT             NOT NULL,
    campaign_version BIGINT           NOT NULL,
    rider_subsidy    BIGINT           NOT NULL,
    driver_subsidy   BIGINT           NOT NULL,
    subsidy_reason   TEXT             NOT NULL,
    grants           TEXT             NOT NULL,
    ended_by         TEXT             NOT NULL,
    end_reason       TEXT             NOT NULL,
    cancel_fee       BIGINT           NOT NULL,
    rider_stars      BIGINT           NOT NULL,
    driver_stars     BIGINT           NOT NULL
);
-- A driver and a taxi are at one ride at most and go to one at most after it (slot next), and a rider has one that is not over, beside what is
-- booked: whatever the code does.
CREATE UNIQUE INDEX ride_one_per_driver ON ride (driver, slot)
    WHERE (state = 'assigned' OR state = 'arrived' OR state = 'on_trip');
CREATE UNIQUE INDEX ride_one_per_taxi ON ride (taxi, slot)
    WHERE (state = 'assigned' OR state = 'arrived' OR state = 'on_trip');
CREATE UNIQUE INDEX ride_one_per_rider ON ride (rider)
    WHERE rider <> '' AND kind <> 'booked' AND (state = 'searching'
        OR state = 'assigned' OR state = 'arrived' OR state = 'on_trip');
CREATE INDEX ride_search_due ON ride (city, search_by, id) WHERE state = 'searching';
CREATE INDEX ride_unpaid ON ride (changed_at, id)
    WHERE state = 'completed' AND subsidy_reason = 'granted';
CREATE INDEX ride_fare_asked ON ride (city, completed_at, id)
    WHERE state = 'completed' AND fare_state = 'asked';
CREATE INDEX ride_changed ON ride (city, changed_at);
-- Bookings whose time has not come: what the engine looks at next, what drivers may take, whose
-- they are. Few rides are in these.
CREATE INDEX ride_due ON ride (city, due_at, id)
    WHERE (state = 'scheduled' OR state = 'booked');
CREATE INDEX ride_booked ON ride (driver, pickup_at) WHERE state = 'booked';
CREATE INDEX ride_ahead ON ride (rider)
    WHERE (state = 'scheduled' OR state = 'booked');
CREATE INDEX ride_flight ON ride (city, flight, flight_day)
    WHERE flight <> '' AND (state = 'scheduled' OR state = 'booked' OR state = 'searching'
        OR state = 'assigned' OR state = 'arrived');

-- What drivers offer to their team to take over.
CREATE INDEX ride_handing ON ride (hand_team, pickup_at)
    WHERE hand_team <> '' AND handed_at = 0 AND state = 'booked';

-- Bookings that went from one driver of a team to another: once a ride, whatever the code does.
CREATE TABLE hand_over (
    ride        TEXT   NOT NULL,
    city        TEXT   NOT NULL,
    team        TEXT   NOT NULL CHECK (team <> ''),
    from_driver TEXT   NOT NULL CHECK (from_driver <> ''),
    to_driver   TEXT   NOT NULL CHECK (to_driver <> '' AND to_driver <> from_driver),
    at          BIGINT NOT NULL
);
CREATE UNIQUE INDEX hand_over_once ON hand_over (ride);

-- What riders have said with their requests, as it came: at most 128 KiB. A clip goes with its ride,
-- or before it when it is old.
CREATE TABLE voice (
    ride    TEXT   NOT NULL PRIMARY KEY REFERENCES ride (id) ON DELETE CASCADE,
    came_at BIGINT NOT NULL,
    clip    BYTEA  NOT NULL CHECK (length(clip) > 0 AND length(clip) <= 131072)
);
CREATE INDEX voice_age ON voice (came_at, ride);

-- What one side of a ride holds against the other: one a ride and side.
CREATE TABLE complaint (
    ride         TEXT   NOT NULL,
    by_side      TEXT   NOT NULL CHECK (by_side = 'rider' OR by_side = 'driver'),
    city         TEXT   NOT NULL,
    rider        TEXT   NOT NULL CHECK (rider <> ''),
    driver       TEXT   NOT NULL CHECK (driver <> ''),
    cause        TEXT   NOT NULL CHECK (cause <> ''),
    words        TEXT   NOT NULL,
    state        TEXT   NOT NULL CHECK (state = 'open' OR state = 'contested'
        OR state = 'upheld' OR state = 'dropped'),
    made_at      BIGINT NOT NULL,
    contest      TEXT   NOT NULL,
    contested_at BIGINT NOT NULL,
    decided_by   TEXT   NOT NULL,
    note         TEXT   NOT NULL,
    decided_at   BIGINT NOT NULL,
    PRIMARY KEY (ride, by_side),
    CONSTRAINT complaint_no_show CHECK ((by_side = 'driver') = (cause = 'no_show')),
    CONSTRAINT complaint_contest CHECK (state <> 'contested' OR contested_at > 0),
    CONSTRAINT complaint_decision CHECK ((state = 'upheld' OR state = 'dropped')
        = (decided_at > 0) AND (decided_at > 0) = (decided_by <> ''))
) /* sqlite: WITHOUT ROWID */;
-- What counts against somebody is read with each request of theirs.
CREATE INDEX complaint_rider ON complaint (rider, by_side, made_at);
CREATE INDEX complaint_driver ON complaint (driver, by_side, made_at);
CREATE INDEX complaint_contested ON complaint (city) WHERE state = 'contested';

-- A rider and a driver who keep each other, or one of whom would: of two people there is one row. How
-- many a person may have is counted with that person's row locked.
CREATE TABLE regular (
    id          TEXT   NOT NULL PRIMARY KEY,
    rider       TEXT   NOT NULL CHECK (rider <> ''),
    driver      TEXT   NOT NULL CHECK (driver <> ''),
    state       TEXT   NOT NULL CHECK (state = 'proposed' OR state = 'kept' OR state = 'ended'),
    proposed_by TEXT   NOT NULL CHECK (proposed_by = 'rider' OR proposed_by = 'driver'),
    ride        TEXT   NOT NULL,
    proposed_at BIGINT NOT NULL,
    kept_at     BIGINT NOT NULL,
    ended_by    TEXT   NOT NULL,
    ended_at    BIGINT NOT NULL,
    CHECK (state <> 'kept' OR kept_at > 0),
    CHECK (state <> 'ended' OR ended_at > 0)
) /* sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX regular_one_per_pair ON regular (rider, driver);
CREATE INDEX regular_of_rider ON regular (rider, id) WHERE state <> 'ended';
CREATE INDEX regular_of_driver ON regular (driver, id) WHERE state <> 'ended';

-- Drivers' greetings to their regulars, one a festival, to whom they went, and who wants none.
CREATE TABLE greeting (
    id       TEXT   NOT NULL PRIMARY KEY,
    driver   TEXT   NOT NULL CHECK (driver <> ''),
    city     TEXT   NOT NULL,
    festival TEXT   NOT NULL CHECK (festival <> ''),
    words    TEXT   NOT NULL,
    sent_at  BIGINT NOT NULL,
    riders   BIGINT NOT NULL CHECK (riders > 0)
) /* sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX greeting_once ON greeting (driver, festival);
CREATE INDEX greeting_of_driver ON greeting (driver, id);
CREATE INDEX greeting_age ON greeting (sent_at, id);
CREATE TABLE greeting_to (
    rider    TEXT NOT NULL,
    greeting TEXT NOT NULL,
    PRIMARY KEY (rider, greeting)
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX greeting_to_whom ON greeting_to (greeting);
CREATE TABLE greeting_refusal (
    rider TEXT NOT NULL PRIMARY KEY
) /* sqlite: WITHOUT ROWID */;

CREATE TABLE team (
    id      TEXT   NOT NULL PRIMARY KEY,
    city    TEXT   NOT NULL,
    name    TEXT   NOT NULL CHECK (name <> ''),
    founder TEXT   NOT NULL,
    made_at BIGINT NOT NULL
) /* sqlite: WITHOUT ROWID */;

-- The drivers of teams and those who are invited: a driver is of one team at most, and once.
CREATE TABLE team_member (
    id         TEXT   NOT NULL PRIMARY KEY,
    team       TEXT   NOT NULL,
    driver     TEXT   NOT NULL CHECK (driver <> ''),
    state      TEXT   NOT NULL CHECK (state = 'invited' OR state = 'joined'),
    invited_by TEXT   NOT NULL,
    since      BIGINT NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX team_one_per_driver ON team_member (driver) WHERE state = 'joined';
CREATE UNIQUE INDEX team_member_once ON team_member (team, driver);
CREATE INDEX team_invited ON team_member (driver, id) WHERE state = 'invited';

CREATE TABLE offer (
    id           TEXT   NOT NULL PRIMARY KEY,
    city         TEXT   NOT NULL,
    ride         TEXT   NOT NULL,
    search       BIGINT NOT NULL,
    driver       TEXT   NOT NULL,
    taxi         TEXT   NOT NULL,
    state        TEXT   NOT NULL CHECK (state <> ''),
    round        BIGINT NOT NULL,
    pickup_m     BIGINT NOT NULL,
    pickup_s     BIGINT NOT NULL,
    pickup_source TEXT  NOT NULL,
    after_ride   TEXT   NOT NULL,
    after_s      BIGINT NOT NULL,
    made_at      BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    delivered_at BIGINT NOT NULL,
    changed_at   BIGINT NOT NULL,
    tip          BIGINT NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX offer_one_per_driver ON offer (driver) WHERE state = 'open';
CREATE UNIQUE INDEX offer_one_per_ride ON offer (ride) WHERE state = 'open';
CREATE INDEX offer_due ON offer (city, expires_at) WHERE state = 'open';
CREATE INDEX offer_changed ON offer (city, changed_at);
CREATE INDEX offer_by_driver ON offer (driver, made_at);

CREATE TABLE call (
    id             TEXT             NOT NULL PRIMARY KEY,
    city           TEXT             NOT NULL,
    ride           TEXT             NOT NULL,
    search         BIGINT           NOT NULL,
    state          TEXT             NOT NULL CHECK (state <> ''),
    round          BIGINT           NOT NULL,
    pickup_lat     DOUBLE PRECISION NOT NULL,
    pickup_lng     DOUBLE PRECISION NOT NULL,
    radius_m       BIGINT           NOT NULL,
    seats          BIGINT           NOT NULL,
    class          TEXT             NOT NULL,
    tags           TEXT             NOT NULL,
    taxis          BIGINT           NOT NULL,
    except_drivers TEXT             NOT NULL,
    driver         TEXT             NOT NULL,
    made_at        BIGINT           NOT NULL,
    expires_at     BIGINT           NOT NULL,
    decide_at      BIGINT           NOT NULL,
    changed_at     BIGINT           NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX call_one_per_ride ON call (ride) WHERE state = 'open';
CREATE INDEX call_due ON call (city, expires_at) WHERE state = 'open';
CREATE INDEX call_changed ON call (city, changed_at);
CREATE INDEX call_by_driver ON call (driver, changed_at) WHERE state = 'grabbed';

CREATE TABLE grab (
    call     TEXT   NOT NULL,
    driver   TEXT   NOT NULL,
    taxi     TEXT   NOT NULL,
    pickup_m BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (call, driver)
) /* sqlite: WITHOUT ROWID */;

CREATE TABLE once (
    identity   TEXT   NOT NULL,
    rpc        TEXT   NOT NULL,
    request_id TEXT   NOT NULL,
    hash       TEXT   NOT NULL,
    answer     TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (identity, rpc, request_id)
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX once_at ON once (at);

CREATE TABLE outbox (
    id      TEXT   NOT NULL PRIMARY KEY,
    city    TEXT   NOT NULL,
    ride    TEXT   NOT NULL,
    version BIGINT NOT NULL,
    kind    TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    state   TEXT   NOT NULL,
    rider   TEXT   NOT NULL,
    driver  TEXT   NOT NULL,
    taxi    TEXT   NOT NULL,
    reason  TEXT   NOT NULL
) /* sqlite: WITHOUT ROWID */;

CREATE TABLE round_log (
    ride TEXT NOT NULL PRIMARY KEY,
    city TEXT NOT NULL,
    log  TEXT NOT NULL
);

-- What a city's model of acceptance has learned: weights is a JSON object of a dozen numbers.
CREATE TABLE learned (
    city    TEXT   NOT NULL PRIMARY KEY,
    seen    BIGINT NOT NULL,
    weights TEXT   NOT NULL,
    at      BIGINT NOT NULL
) /* sqlite: WITHOUT ROWID */;

-- Why a driver got the rides that they got, or none: a row an hour.
CREATE TABLE driver_log (
    driver   TEXT   NOT NULL,
    begun_at BIGINT NOT NULL,
    city     TEXT   NOT NULL,
    log      TEXT   NOT NULL,
    PRIMARY KEY (driver, begun_at)
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX driver_log_age ON driver_log (city, begun_at);

CREATE TABLE trace (
    ride  TEXT   NOT NULL,
    seq   BIGINT NOT NULL,
    fixes BYTEA  NOT NULL,
    PRIMARY KEY (ride, seq)
);

-- +goose Down
