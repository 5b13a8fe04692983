package main

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// sealEvery is how often what was booked is sealed, machine time.
const sealEvery = time.Second

// sealLedger appends to the chain over the ledger until the service ends. Of several nodes one is
// first; the others find that nothing is left.
func (s *service) sealLedger(running context.Context) {
	s.part("the seals", func() error {
		ticker := time.NewTicker(sealEvery)
		defer ticker.Stop()
		money.Sealing(running, s.db, ticker.C, func(sealed int, err error) {
			if err != nil && dispatch.ReasonOf(err) != dispatch.ReasonStale {
				s.failed("seal", err)
				return
			}
			s.metrics.Sealed(sealed, time.Now())
		})
		return nil
	})
}
