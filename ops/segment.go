package ops

import (
	"context"
	"slices"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
)

// ChangeSegment puts riders into a segment and takes others out, all or none. Who is named twice is
// out in the end.
func (s *Server) ChangeSegment(
	ctx context.Context, in *opspb.ChangeSegmentRequest,
) (*opspb.ChangeSegmentResponse, error) {
	type change struct {
		Name      string
		Add, Drop []string
	}
	// In the order of their ids, so that two changes do not wait for each other in a ring.
	c := change{in.GetName(), slices.Clone(in.GetAddRiderIds()), slices.Clone(in.GetDropRiderIds())}
	slices.Sort(c.Add)
	slices.Sort(c.Drop)
	_, err := once(ctx, s, "ChangeSegment", in.GetRequestId(), c,
		func(tx dispatch.Tx, _ time.Time, _ string) (struct{}, error) {
			for _, rider := range c.Add {
				if err := addToSegment(tx, c.Name, money.Party(rider)); err != nil {
					return struct{}{}, err
				}
			}
			for _, rider := range c.Drop {
				if err := tx.DropFromSegment(c.Name, money.Party(rider)); err != nil {
					return struct{}{}, err
				}
			}
			return struct{}{}, nil
		})
	return &opspb.ChangeSegmentResponse{}, err
}

// addToSegment refuses one segment too many: each ride of the rider reads them all.
func addToSegment(tx dispatch.Tx, name string, rider money.Party) error {
	has, err := tx.SegmentsOf(rider)
	if err != nil {
		return err
	}
	if len(has) >= money.MaxRiderSegments && !slices.Contains(has, name) {
		return dispatch.Errorf(dispatch.Exhausted, dispatch.ReasonSegments,
			"rider %s is in %d segments already", rider, money.MaxRiderSegments)
	}
	return tx.AddToSegment(name, rider)
}
