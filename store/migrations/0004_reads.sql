-- +goose Up
-- What apps and ops read, each list in the order of its pages.
CREATE TABLE company (
    id   TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL
) /* sqlite: WITHOUT ROWID */;

ALTER TABLE driver ADD COLUMN photo_uri TEXT NOT NULL DEFAULT '';

CREATE INDEX driver_by_company ON driver (company, id) WHERE company <> '';
CREATE INDEX ride_by_rider ON ride (rider, id) WHERE rider <> '';
CREATE INDEX ride_by_driver ON ride (driver, id) WHERE driver <> '';
CREATE INDEX ride_by_city ON ride (city, id);
-- The states in which rides end seldom or stay a while. The open ones have their own indexes; of
-- settled and cancelled rides a page is soon full.
CREATE INDEX ride_by_end ON ride (city, state, id)
    WHERE (state = 'completed' OR state = 'no_show' OR state = 'expired');
-- A driver's earnings and stars are added up without reading other rows.
CREATE INDEX ride_driven ON ride (driver, completed_at, rider_stars) WHERE completed_at > 0;
-- Statements: by taxi, and the few rides that were cancelled late.
CREATE INDEX ride_of_taxi ON ride (taxi, completed_at) WHERE completed_at > 0;
CREATE INDEX ride_late_cancel ON ride (driver, ended_at) WHERE cancel_fee > 0;
CREATE INDEX ride_late_cancel_taxi ON ride (taxi, ended_at) WHERE cancel_fee > 0;

-- +goose Down
