package wire

import (
	"hexhail/dispatch"
	"hexhail/pb/hexhail/type/v1"
)

// RegularPB is a regular as one of its sides sees it.
func RegularPB(c dispatch.RegularCard, to dispatch.Side) *typepb.Regular {
	return &typepb.Regular{
		RegularId: string(c.ID), Name: c.Name, PhotoUri: c.PhotoURI, Company: c.Company,
		Rating: c.Rating(), Ratings: int32Of(c.Ratings), State: regularStatePB(c.State),
		ProposedByYou: c.ProposedBy == to,
		ProposedAt:    TimePB(c.ProposedAt), KeptAt: TimePB(c.KeptAt),
	}
}

// RegularsPB are a page of regulars.
func RegularsPB(list []dispatch.RegularCard, to dispatch.Side) []*typepb.Regular {
	pb := make([]*typepb.Regular, len(list))
	for i, c := range list {
		pb[i] = RegularPB(c, to)
	}
	return pb
}

func regularStatePB(s dispatch.RegularState) typepb.RegularState {
	switch s {
	case dispatch.RegularProposed:
		return typepb.RegularState_REGULAR_STATE_PROPOSED
	case dispatch.RegularKept:
		return typepb.RegularState_REGULAR_STATE_KEPT
	default:
		return typepb.RegularState_REGULAR_STATE_UNSPECIFIED
	}
}

// FestivalPB is a festival; nil for the zero Festival, of which nothing is known any more.
func FestivalPB(f dispatch.Festival) *typepb.Festival {
	if f == (dispatch.Festival{}) {
		return nil
	}
	return &typepb.Festival{
		FestivalId: string(f.ID), Name: f.Name, NameZh: f.NameZH, Day: f.Day,
	}
}

// WaitsForPB is for whom a stage of a ride holds it.
func WaitsForPB(s dispatch.Stage) typepb.WaitsFor {
	switch s {
	case dispatch.StageRegular:
		return typepb.WaitsFor_WAITS_FOR_REGULAR
	case dispatch.StageTeam:
		return typepb.WaitsFor_WAITS_FOR_TEAM
	case dispatch.StageAll:
		return typepb.WaitsFor_WAITS_FOR_ALL
	default:
		return typepb.WaitsFor_WAITS_FOR_UNSPECIFIED
	}
}
