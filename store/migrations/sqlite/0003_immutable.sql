-- +goose Up
-- What is booked and what was announced stays as it is.
-- +goose StatementBegin
CREATE TRIGGER transfer_no_update BEFORE UPDATE ON transfer
BEGIN SELECT raise(ABORT, 'a transfer never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER transfer_no_delete BEFORE DELETE ON transfer
BEGIN SELECT raise(ABORT, 'a transfer never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER seal_no_update BEFORE UPDATE ON seal
BEGIN SELECT raise(ABORT, 'a seal never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER seal_no_delete BEFORE DELETE ON seal
BEGIN SELECT raise(ABORT, 'a seal never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER campaign_no_update BEFORE UPDATE ON campaign
BEGIN SELECT raise(ABORT, 'a campaign changes by a new version'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER campaign_no_delete BEFORE DELETE ON campaign
BEGIN SELECT raise(ABORT, 'a campaign changes by a new version'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER draw_no_update BEFORE UPDATE ON draw
BEGIN SELECT raise(ABORT, 'a draw changes by a new version'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER draw_no_delete BEFORE DELETE ON draw
BEGIN SELECT raise(ABORT, 'a draw changes by a new version'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER lot_no_update BEFORE UPDATE ON lot
BEGIN SELECT raise(ABORT, 'a list never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER lot_no_delete BEFORE DELETE ON lot
BEGIN SELECT raise(ABORT, 'a list never changes'); END;
-- +goose StatementEnd

-- +goose Down
