package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"hexhail/money"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
)

// How riders pay through external channels.
const (
	// ticketEvery is how often an app asks whether there is a ticket, machine time.
	ticketEvery = 250 * time.Millisecond
	// ticketWithin is how long it asks, before its rider looks again later.
	ticketWithin = 5 * time.Second
	// mostPays is how often a rider tries to pay so, before they pay by hand.
	mostPays = 20
)

// payer is the phone on which riders confirm what an external channel asks for.
type payer struct {
	url  string // of the stand-ins' phone
	http *http.Client
}

// confirm pays a ticket. That its order has ended is no error: the ride tells what became of it.
func (p payer) confirm(ctx context.Context, ticket, account string) error {
	body, err := json.Marshal(map[string]any{
		"ticket": ticket, "payer": map[string]string{"account": account},
	})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/pay",
		bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := p.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusConflict {
		return fmt.Errorf("sim: the payers' phone: %s", res.Status)
	}
	return nil
}

// payOutside asks for a ticket, unless there is one or the order's outcome is awaited, and confirms
// it. It returns before the channel has told; without a ticket the rider looks again later.
func (l *live) payOutside(
	ctx context.Context, api riderpb.RiderServiceClient, r *rider, request string,
) (*typepb.Ride, error) {
	id, asked := string(r.ride), false
	for until := l.config.Wall().Add(ticketWithin); l.config.Wall().Before(until); {
		got, err := api.ListPayments(ctx, &riderpb.ListPaymentsRequest{RideId: id})
		if err != nil {
			return nil, err
		}
		state, ticket := standing(got.GetPayments())
		if ticket != "" {
			if err := l.payer.confirm(ctx, ticket, string(r.id)); err != nil {
				return nil, err
			}
			break
		}
		if state == money.PaymentOpen {
			sleep(ctx, ticketEvery)
			continue
		}
		if asked || state != money.PaymentDue {
			break
		}
		asked = true
		_, err = api.PayRide(ctx, &riderpb.PayRideRequest{
			RequestId: request, RideId: id, Channel: string(r.payBy), Way: string(money.WayApp),
		})
		if err != nil {
			return nil, err
		}
	}
	got, err := api.GetRide(ctx, &riderpb.GetRideRequest{RideId: id})
	return got.GetRide(), err
}

// standing is how the first payment stands that is not paid, and its ticket: all of a ride are in
// one order.
func standing(payments []*typepb.Payment) (money.PaymentState, string) {
	for _, p := range payments {
		state := money.ParsePaymentState(p.GetState())
		if state == money.PaymentDue || state == money.PaymentOpen {
			return state, p.GetTicket()
		}
	}
	return 0, ""
}
