package dispatch

import (
	"slices"
	"time"
)

// Complaint is what one side of a ride holds against the other, at most one a ride and side: the
// driver's is that nobody came (no_show), the rider's is one of [RiderCauses]. It counts against
// whom it is about until ops drop it.
type Complaint struct {
	Ride   RideID
	By     Side // who complains
	City   CityID
	Rider  RiderID
	Driver DriverID
	Cause  ComplaintCause
	Text   string // of who complains, at most MaxComplaintBytes
	State  ComplaintState
	MadeAt time.Time
	// Contest is what the other side says to it, at most MaxComplaintBytes; "" before.
	Contest     string
	ContestedAt time.Time
	// DecidedBy is the identity of who has decided, Note why, at most MaxComplaintBytes.
	DecidedBy string
	Note      string
	DecidedAt time.Time
}

// MaxComplaintBytes is the longest text of a complaint, of its contest and of the note of who
// decides: some 160 characters of Chinese.
const MaxComplaintBytes = 500

// ComplaintState is where a complaint stands.
type ComplaintState int

// The states of a complaint.
const (
	// ComplaintOpen stands, and counts.
	ComplaintOpen ComplaintState = iota + 1
	// ComplaintContested waits for ops, and counts.
	ComplaintContested
	// ComplaintUpheld was found true, and counts. An end.
	ComplaintUpheld
	// ComplaintDropped does not count, as if it had never been made. An end.
	ComplaintDropped
)

var complaintStates = [...]string{"", "open", "contested", "upheld", "dropped"}

// String is the name as stored.
func (s ComplaintState) String() string { return complaintStates[s] }

// ParseComplaintState is String's inverse; it returns 0 for an unknown name.
func ParseComplaintState(s string) ComplaintState {
	return ComplaintState(max(0, slices.Index(complaintStates[:], s)))
}

// Decided reports whether ops have had their say.
func (s ComplaintState) Decided() bool { return s >= ComplaintUpheld }

// ComplaintCause is what a complaint is about.
type ComplaintCause string

// The causes.
const (
	// CauseNoShow is the driver's: nobody came to the waiting taxi.
	CauseNoShow ComplaintCause = "no_show"
	// CauseRefused is a driver who would not take the rider, or not there.
	CauseRefused ComplaintCause = "refused"
	// CauseAskedToCancel is one who had the rider cancel.
	CauseAskedToCancel ComplaintCause = "asked_to_cancel"
	// CauseNeverCame is one who did not come to the pickup.
	CauseNeverCame ComplaintCause = "never_came"
	// CauseDetour is one who took a longer way than need be.
	CauseDetour ComplaintCause = "detour"
	// CauseOvercharged is one who asked for more than the fare.
	CauseOvercharged ComplaintCause = "overcharged"
	// CauseUnsafe is one who drove dangerously.
	CauseUnsafe ComplaintCause = "unsafe"
	// CauseRude is one who was rude.
	CauseRude ComplaintCause = "rude"
	// CauseOther is told in the text, which must not be empty then.
	CauseOther ComplaintCause = "other"
)

// RiderCauses are what a rider may complain about.
func RiderCauses() []ComplaintCause {
	return []ComplaintCause{
		CauseRefused, CauseAskedToCancel, CauseNeverCame, CauseDetour, CauseOvercharged,
		CauseUnsafe, CauseRude, CauseOther,
	}
}

// The acts on complaints. Each leaves the ride in its state.
type (
	// Complain is the rider's word against the driver of a ride that is over, until Within after
	// its end.
	Complain struct {
		Rider  RiderID
		Cause  ComplaintCause
		Text   string
		Within time.Duration
	}
	// ContestComplaint is the word of whom a complaint is about, until Within after it was made.
	// Complaint is as stored; of Rider and Driver the one who speaks is set.
	ContestComplaint struct {
		Complaint Complaint
		Rider     RiderID
		Driver    DriverID
		Text      string
		Within    time.Duration
	}
	// DecideComplaint is the word of ops, which is the last one. Complaint is as stored.
	DecideComplaint struct {
		Complaint Complaint
		By        string // identity
		Uphold    bool   // else it is dropped
		Note      string
	}
)

// Kind is ActComplain.
func (Complain) Kind() ActKind { return ActComplain }

// Kind is ActContestComplaint.
func (ContestComplaint) Kind() ActKind { return ActContestComplaint }

// Kind is ActDecideComplaint.
func (DecideComplaint) Kind() ActKind { return ActDecideComplaint }

// FileComplaint writes a complaint: a new one if Was is 0, else one that is in state Was.
type FileComplaint struct {
	Complaint Complaint
	Was       ComplaintState
}

func (FileComplaint) write() {}

// complaintOf is a new complaint of one side of the ride.
func (r Ride) complaintOf(by Side, cause ComplaintCause, text string, now time.Time) Complaint {
	return Complaint{
		Ride: r.ID, By: by, City: r.City, Rider: r.Rider, Driver: r.Driver, Cause: cause,
		Text: text, State: ComplaintOpen, MadeAt: now,
	}
}

// over is when the ride was driven, or ended without.
func (r Ride) over() time.Time {
	if r.CompletedAt.IsZero() {
		return r.EndedAt
	}
	return r.CompletedAt
}

// Waited is how long the taxi had waited at the pickup when the ride began or ended; 0 if it was
// never there.
func (r Ride) Waited() time.Duration {
	switch {
	case r.ArrivedAt.IsZero():
		return 0
	case !r.StartedAt.IsZero():
		return r.StartedAt.Sub(r.ArrivedAt)
	case r.EndedAt.IsZero():
		return 0
	default:
		return r.EndedAt.Sub(r.ArrivedAt)
	}
}

func (d *Decision) complain(was Ride, a Complain, now time.Time) error {
	if err := was.riddenBy(a.Rider); err != nil {
		return err
	}
	switch {
	case was.Driver == "":
		return Errorf(Conflict, ReasonStep, "ride %s had no driver to complain of", was.ID)
	case !slices.Contains(RiderCauses(), a.Cause):
		return invalid("cause", "one of those of a rider")
	case a.Cause == CauseOther && a.Text == "":
		return invalid("text", "given: the cause is other")
	case len(a.Text) > MaxComplaintBytes:
		return invalid("text", "at most 500 bytes")
	case now.Sub(was.over()) > a.Within:
		return tooLate(was.ID, "complain of it", was.over().Add(a.Within))
	}
	c := was.complaintOf(SideRider, a.Cause, a.Text, now)
	d.Writes = append(d.Writes, FileComplaint{Complaint: c})
	return nil
}

func (d *Decision) contestComplaint(a ContestComplaint, now time.Time) error {
	c, was := a.Complaint, a.Complaint.State
	switch {
	case !c.about(a.Rider, a.Driver):
		return unknownComplaint(c.Ride)
	case a.Text == "" || len(a.Text) > MaxComplaintBytes:
		return invalid("text", "1 to 500 bytes")
	case was != ComplaintOpen:
		return Errorf(Conflict, ReasonComplaintState,
			"the complaint of ride %s is %s: cannot contest it", c.Ride, was)
	case now.Sub(c.MadeAt) > a.Within:
		return tooLate(c.Ride, "contest the complaint", c.MadeAt.Add(a.Within))
	}
	c.State, c.Contest, c.ContestedAt = ComplaintContested, a.Text, now
	d.Writes = append(d.Writes, FileComplaint{Complaint: c, Was: was})
	return nil
}

func (d *Decision) decideComplaint(a DecideComplaint, now time.Time) error {
	c, was := a.Complaint, a.Complaint.State
	switch {
	case len(a.Note) > MaxComplaintBytes:
		return invalid("note", "at most 500 bytes")
	case was.Decided():
		return Errorf(Conflict, ReasonComplaintState,
			"the complaint of ride %s is %s already", c.Ride, was)
	}
	c.State, c.DecidedBy, c.Note, c.DecidedAt = ComplaintDropped, a.By, a.Note, now
	if a.Uphold {
		c.State = ComplaintUpheld
	}
	d.Writes = append(d.Writes, FileComplaint{Complaint: c, Was: was})
	return nil
}

// about reports whether the complaint is about this rider, or this driver.
func (c Complaint) about(rider RiderID, driver DriverID) bool {
	if c.By == SideDriver {
		return rider != "" && rider == c.Rider
	}
	return driver != "" && driver == c.Driver
}

func unknownComplaint(ride RideID) error {
	return Errorf(NotFound, ReasonUnknownComplaint, "no complaint of ride %s", ride)
}

func tooLate(ride RideID, what string, until time.Time) error {
	return Errorf(Conflict, ReasonTooLate, "ride %s: one could %s until %s", ride, what,
		until.UTC().Format(time.RFC3339))
}

// eventReason is what outsiders hear of it: the cause while it stands, then what became of it.
func (c Complaint) eventReason() string {
	if c.State.Decided() {
		return c.State.String()
	}
	return string(c.Cause)
}

// filed is the complaint that an act writes; ok is false for the others.
func (d *Decision) filed() (c Complaint, ok bool) {
	for _, w := range d.Writes {
		if w, is := w.(FileComplaint); is {
			return w.Complaint, true
		}
	}
	return Complaint{}, false
}
