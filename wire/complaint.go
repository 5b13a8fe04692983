package wire

import (
	"hexhail/dispatch"
	"hexhail/pb/hexhail/type/v1"
)

// complaintCauses are the causes of complaints, indexed by their number in messages.
func complaintCauses() []dispatch.ComplaintCause {
	return append([]dispatch.ComplaintCause{"", dispatch.CauseNoShow}, dispatch.RiderCauses()...)
}

// CausePB is a complaint's cause for a message.
func CausePB(c dispatch.ComplaintCause) typepb.ComplaintCause {
	for i, cause := range complaintCauses() {
		if cause == c {
			return typepb.ComplaintCause(i)
		}
	}
	return typepb.ComplaintCause_COMPLAINT_CAUSE_UNSPECIFIED
}

// CauseOf is a complaint's cause of a message; "" if it does not say or names one that we do not
// know.
func CauseOf(c typepb.ComplaintCause) dispatch.ComplaintCause {
	causes := complaintCauses()
	if c < 0 || int(c) >= len(causes) {
		return ""
	}
	return causes[c]
}

// ComplaintSidePB is who complains, for a message.
func ComplaintSidePB(s dispatch.Side) typepb.ComplaintSide {
	switch s {
	case dispatch.SideRider:
		return typepb.ComplaintSide_COMPLAINT_SIDE_RIDER
	case dispatch.SideDriver:
		return typepb.ComplaintSide_COMPLAINT_SIDE_DRIVER
	default:
		return typepb.ComplaintSide_COMPLAINT_SIDE_UNSPECIFIED
	}
}

// ComplaintSideOf is who complains, of a message; 0 if it does not say.
func ComplaintSideOf(s typepb.ComplaintSide) dispatch.Side {
	switch s {
	case typepb.ComplaintSide_COMPLAINT_SIDE_RIDER:
		return dispatch.SideRider
	case typepb.ComplaintSide_COMPLAINT_SIDE_DRIVER:
		return dispatch.SideDriver
	default:
		return 0
	}
}

func complaintStatePB(s dispatch.ComplaintState) typepb.ComplaintState {
	switch s {
	case dispatch.ComplaintOpen:
		return typepb.ComplaintState_COMPLAINT_STATE_OPEN
	case dispatch.ComplaintContested:
		return typepb.ComplaintState_COMPLAINT_STATE_CONTESTED
	case dispatch.ComplaintUpheld:
		return typepb.ComplaintState_COMPLAINT_STATE_UPHELD
	case dispatch.ComplaintDropped:
		return typepb.ComplaintState_COMPLAINT_STATE_DROPPED
	default:
		return typepb.ComplaintState_COMPLAINT_STATE_UNSPECIFIED
	}
}

// ComplaintPB is a complaint for a message to one of its sides, who does not get the words of the
// other: people who know what was written of them know who wrote it. 0 is ops, who get all.
func ComplaintPB(c dispatch.Complaint, reader dispatch.Side) *typepb.Complaint {
	pb := &typepb.Complaint{
		RideId: string(c.Ride), By: ComplaintSidePB(c.By), Cause: CausePB(c.Cause), Text: c.Text,
		State: complaintStatePB(c.State), MadeAt: TimePB(c.MadeAt),
		Contest: c.Contest, ContestedAt: TimePB(c.ContestedAt),
		DecidedAt: TimePB(c.DecidedAt), Note: c.Note,
	}
	if reader != 0 && reader != c.By {
		pb.Text = ""
	}
	if reader == c.By {
		pb.Contest = ""
	}
	return pb
}
