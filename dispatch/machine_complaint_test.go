package dispatch

import (
	"time"

	"hexhail/money"
)

// complaintMutants are wrong about complaints.
func complaintMutants() map[string]stepper {
	return map[string]stepper{
		"take a complaint from anybody": func(r Ride, a Act, now time.Time) (Decision, error) {
			if c, ok := a.(Complain); ok {
				r.Rider = c.Rider
			}
			return Step(r, a, now)
		},
		"forget the no-show": func(r Ride, a Act, now time.Time) (Decision, error) {
			d, err := Step(r, a, now)
			if a.Kind() == ActNoShow {
				d.Writes = nil
			}
			return d, err
		},
		"forget what the cancel costs": func(r Ride, a Act, now time.Time) (Decision, error) {
			if c, ok := a.(Cancel); ok {
				c.Fee = 0
				a = c
			}
			return Step(r, a, now)
		},
		"charge a cancel twice": func(r Ride, a Act, now time.Time) (Decision, error) {
			d, err := Step(r, a, now)
			if a.Kind() == ActCancel && d.Ride.CancelFee > 0 {
				d.Writes = append(d.Writes, d.Writes[len(d.Writes)-1])
			}
			return d, err
		},
		"uphold what is contested": func(r Ride, a Act, now time.Time) (Decision, error) {
			d, err := Step(r, a, now)
			for i, w := range d.Writes {
				if f, ok := w.(FileComplaint); ok && f.Complaint.State == ComplaintContested {
					f.Complaint.State = ComplaintUpheld
					d.Writes[i] = f
				}
			}
			return d, err
		},
		"end the ride that is complained of": func(
			r Ride, a Act, now time.Time,
		) (Decision, error) {
			d, err := Step(r, a, now)
			if a.Kind() == ActComplain && err == nil && r.State == Completed {
				d.Ride.State, d.Ride.EndedAt = Settled, now
			}
			return d, err
		},
	}
}

// judgeComplaint holds what acts write of complaints to what they may.
func judgeComplaint(was Ride, act Act, d Decision) string {
	c, filed := d.filed()
	kind := act.Kind()
	cancel, _ := act.(Cancel)
	speaks := kind >= ActComplain && kind <= ActDecideComplaint
	files := kind == ActNoShow || speaks || cancel.AskedByDriver
	owed := 0
	for _, w := range d.Writes {
		if o, ok := w.(Owe); ok && o.Payment.Purpose == money.PurposeCancelFee {
			owed += int(o.Payment.Amount)
		}
	}
	switch {
	case kind == ActCancel && owed != int(cancel.Fee) || kind != ActCancel && owed != 0:
		return "owes another fee than it should"
	case d.Ride.CancelFee > 0 && (d.Ride.State != Cancelled || d.Ride.Driver == ""):
		return "has a fee without a late cancel"
	case filed != files:
		return "files a complaint when it should not, or the other way round"
	case !filed:
		return ""
	case speaks && was.State != d.Ride.State:
		return "moves the ride by a complaint"
	case c.Driver == "" || c.Rider != "rider1":
		return "complains of nobody, or for somebody else"
	case c.State.Decided() != (kind == ActDecideComplaint):
		return "decides a complaint, or leaves it open, when it should not"
	case (c.By == SideDriver) != (c.Cause == CauseNoShow):
		return "has a cause of the other side"
	default:
		return ""
	}
}

// anyCancel is one with a fee where a driver is owed it, or because the driver asked for it.
func anyCancel(choose func(n int) int, r Ride) []string {
	switch {
	case choose(3) == 0 && (r.State == Assigned || r.State == Arrived):
		return []string{"owing", "5.00"}
	case choose(3) == 0:
		return []string{"asked"}
	default:
		return []string{"changed", "my", "mind"}
	}
}
