-- +goose Up
-- What taxis print on their paper receipts, one a ride. A printed number belongs to one ride of one
-- taxi, whatever the code does: with its code to one of the city, and of a taxi to one however much of
-- it was typed.
CREATE TABLE receipt_number (
    ride    TEXT   NOT NULL PRIMARY KEY REFERENCES ride (id),
    city    TEXT   NOT NULL,
    taxi    TEXT   NOT NULL CHECK (taxi <> ''),
    number  TEXT   NOT NULL CHECK (length(number) >= 8 AND length(number) <= 20),
    code    TEXT   NOT NULL CHECK (code = '' OR length(code) >= 10 AND length(code) <= 12),
    by_side TEXT   NOT NULL CHECK (by_side = 'rider' OR by_side = 'driver'),
    at      BIGINT NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX receipt_number_once ON receipt_number (city, number, code);
CREATE UNIQUE INDEX receipt_number_of_taxi ON receipt_number (taxi, number);

-- +goose Down
