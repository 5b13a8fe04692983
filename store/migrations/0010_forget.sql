-- +goose Up
-- What channels have told, and what wallets' codes have paid, is forgotten by age.
CREATE INDEX notice_age ON notice (at);
CREATE INDEX wallet_code_used_age ON wallet_code_used (at);

-- +goose Down
