-- +goose Up
-- Where riders' phones were during the drive, by their own word: for whom it is over, only how far
-- from the taxi.
CREATE TABLE whereabouts (
    ride         TEXT             NOT NULL PRIMARY KEY REFERENCES ride (id) ON DELETE CASCADE,
    first_at     BIGINT           NOT NULL CHECK (first_at > 0),
    first_lat    DOUBLE PRECISION NOT NULL,
    first_lng    DOUBLE PRECISION NOT NULL,
    first_away_m BIGINT           NOT NULL,
    last_at      BIGINT           NOT NULL CHECK (last_at >= first_at),
    last_lat     DOUBLE PRECISION NOT NULL,
    last_lng     DOUBLE PRECISION NOT NULL,
    last_away_m  BIGINT           NOT NULL,
    measured     BIGINT           NOT NULL CHECK (measured = 0 OR measured = 1),
    CONSTRAINT whereabouts_no_place CHECK (measured = 0 OR (first_lat = 0 AND first_lng = 0
        AND last_lat = 0 AND last_lng = 0))
);

-- +goose Down
