package driver

import (
	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/wire"
)

// hearRank tells where the driver is in the queue of a stand. A phone that is slow to read does
// without: the next one is newer.
func (s *session) hearRank(r dispatch.StandRank) {
	s.mu.Lock()
	news := r.At.After(s.stand.rank.At)
	if news {
		s.stand.rank = r
	}
	s.mu.Unlock()
	if news {
		s.enqueue(item{drop: true, msg: &driverpb.DriveResponse{
			Message: &driverpb.DriveResponse_StandRank{StandRank: s.srv.rankPB(r)},
		}})
	}
}

// mayHave reports whether the queue that the driver is in lets them have a ride from a point. The
// caller holds s.mu.
func (s *session) mayHave(pickup geo.Point) bool {
	r := s.stand.rank
	if r.Rank == 0 {
		return true
	}
	at, err := s.srv.c.Cities[r.City].Stand(r.Stand)
	return err != nil || at.Serves(pickup)
}

func (v *Server) rankPB(r dispatch.StandRank) *driverpb.StandRank {
	pb := &driverpb.StandRank{
		StandId:   string(r.Stand),
		Rank:      int32(min(r.Rank, 1<<30)),   //nolint:gosec // G115: at most 1<<30
		Length:    int32(min(r.Length, 1<<30)), //nolint:gosec // G115: at most 1<<30
		EnteredAt: wire.TimePB(r.EnteredAt),
		At:        wire.TimePB(r.At),
	}
	if at, err := v.c.Cities[r.City].Stand(r.Stand); err == nil {
		pb.Name, pb.NameZh, pb.ServesOutside = at.Name, at.NameZH, at.ServesOutside
	}
	return pb
}
