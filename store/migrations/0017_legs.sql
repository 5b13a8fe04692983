-- +goose Up
-- What of each leg of an attempt was asked to go back: it gets no more back than it has paid. Of a
-- payment that is refunded in part the last legs have got it first.
ALTER TABLE leg ADD COLUMN refunded BIGINT NOT NULL DEFAULT 0
    CONSTRAINT leg_refunded CHECK (refunded >= 0 AND refunded <= amount);
UPDATE leg SET refunded = (
    SELECT CASE WHEN gone.back <= 0 THEN 0 WHEN gone.back >= leg.amount THEN leg.amount
        ELSE gone.back END
    FROM (
        SELECT payment.refunded - (
            SELECT CAST(coalesce(sum(later.amount), 0) AS BIGINT) FROM leg AS later
            WHERE later.attempt = leg.attempt AND later.part > leg.part) AS back
        FROM attempt JOIN payment ON payment.id = attempt.payment WHERE attempt.id = leg.attempt
    ) AS gone)
WHERE attempt IN (
    SELECT attempt.id FROM attempt JOIN payment ON payment.id = attempt.payment
    WHERE attempt.state = 'paid' AND payment.refunded > 0);

-- +goose Down
