-- +goose Up
-- Whose rides a phone has asked for.
CREATE INDEX ride_device ON ride (device, completed_at)
    WHERE device <> '' AND completed_at > 0;

-- +goose Down
