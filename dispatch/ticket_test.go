package dispatch_test

import (
	"testing"
	"time"

	"hexhail/money"
)

// The channel has the order, and its answer with the ticket gets lost: it is asked for the ticket
// again, under the same number.
func TestLostTicketIsAskedForAgain(t *testing.T) {
	w, c, ride := rideDue(t)
	w.ok(w.payExternal(ride, byQR))
	c.deaf = true
	w.work()
	c.deaf, c.coy = false, true
	for range 2 {
		w.pass(10 * time.Second)
		w.work()
	}
	if o := w.owed(ride)[money.PurposeFare]; len(c.orders) != 1 || o.Ticket == "" {
		t.Errorf("%d orders, %+v: asked %v", len(c.orders), o, c.asked)
	}
	c.set(c.only(t, money.AttemptSent).ID, money.AttemptPaid)
	w.pass(10 * time.Second)
	w.work()
	w.settledBy(ride, paidOnce())
}
