package rider

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// How long and how many cards are kept: an app that looks at the same state again soon, or at a
// list of rides, does not cost another read of each.
const (
	cardsKept = 30 * time.Second // at least, and twice that at most
	maxCards  = 4096             // of each generation; at it the older generation goes
)

// cardKey names a card: who is at a ride changes with the ride's version.
type cardKey struct {
	ride    dispatch.RideID
	version int
}

// cards are those read lately.
type cards struct {
	lately[cardKey, dispatch.Card]
}

func newCards() *cards {
	c := &cards{}
	c.keep, c.most = cardsKept, maxCards
	return c
}

// hasCard reports whether the rider sees who drives: from when somebody has taken it, while they
// are at it, and after it.
func hasCard(r dispatch.Ride) bool {
	return r.Driver != "" &&
		(r.State.Active() || r.State == dispatch.Booked ||
			r.State == dispatch.Completed || r.State == dispatch.Settled)
}

// suggestedTip is what the app proposes now; 0 for a city that is served no more.
func (s *Server) suggestedTip(r dispatch.Ride) money.Fen {
	city, err := s.cities.City(r.City)
	if err != nil {
		return 0
	}
	return city.SuggestedTip(r, s.now())
}

// show is a rider's own ride as the rider sees it, with the card.
func (s *Server) show(ctx context.Context, r dispatch.Ride) (*typepb.Ride, error) {
	pb := wire.RidePB(r)
	pb.SuggestedTipFen = int64(s.suggestedTip(r))
	pb.WaitsFor = wire.WaitsForPB(r.StageAt(s.now()))
	switch f := r.First; {
	case f.Team != "":
		pb.RegularUntil, pb.TeamUntil = wire.TimePB(f.TeamAt), wire.TimePB(f.OpenAt)
	case f.Driver != "":
		pb.RegularUntil = wire.TimePB(f.OpenAt)
	}
	if !hasCard(r) {
		return pb, nil
	}
	key, now := cardKey{r.ID, r.Version}, s.machine()
	card, ok := s.cards.find(key, now)
	if !ok {
		var err error
		card, err = s.reads.RideCard(ctx, r.Rider, r.ID)
		if dispatch.KindOf(err) == dispatch.NotFound {
			return pb, nil // the driver has just given the ride back: the next version tells
		}
		if err != nil {
			return nil, err
		}
		s.cards.put(key, card, now)
	}
	pb.Card = wire.CardPB(card)
	return pb, nil
}
