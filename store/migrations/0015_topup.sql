-- +goose Up
-- Riders' top-ups, the latest first, and those that wait for their payer.
CREATE INDEX payment_top_up ON payment (payer, subject) WHERE purpose = 'top_up';
CREATE INDEX payment_top_up_open ON payment (payer, id) WHERE purpose = 'top_up' AND state = 'open';

-- +goose Down
