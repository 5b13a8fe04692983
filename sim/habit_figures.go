package sim

import (
	"fmt"
	"io"

	"hexhail/dispatch"
	"hexhail/money"
)

// HabitFigures are what came of the [Habits] of a run.
type HabitFigures struct {
	Booked       int `json:"booked"`        // rides that the city has taken in for later
	TakenAhead   int `json:"taken_ahead"`   // of them, by a driver, ahead
	BookedDriven int `json:"booked_driven"` // of them, driven to their end
	// BookedLateS is from the time that was booked to the taxi's arrival; below 0 it was early.
	BookedLateS Spread    `json:"booked_late_s"`
	TipsRaised  int       `json:"tips_raised"` // times
	TipsFen     money.Fen `json:"tips_fen"`    // of settled rides
	// LateCancels are of riders who have changed their minds, CancelFeesFen what all cancels cost.
	LateCancels   int       `json:"late_cancels"`
	CancelFeesFen money.Fen `json:"cancel_fees_fen"`
	Complaints    int       `json:"complaints"`
	Clips         int       `json:"clips"`       // with requests that the city has taken in
	Kept          int       `json:"kept"`        // riders and drivers who keep each other
	AskedFirst    int       `json:"asked_first"` // requests to a regular
	DrivenByFirst int       `json:"driven_by_first"`
}

// countHabits fills in what came of habits, if somebody has any.
func (c *crowd) countHabits(r *Report, rides []dispatch.Ride) {
	if !c.do.any() {
		return
	}
	f := c.tally.habits
	var late []float64
	for i := range c.riders {
		p := &c.riders[i]
		driven := p.state == dispatch.Settled || p.state == dispatch.Completed
		switch {
		case p.will.lead > 0 && driven:
			f.BookedDriven++
			late = append(late, p.arrivedAt.Sub(p.pickupAt).Seconds())
		case p.first.Regular != "" && driven && p.payee == p.regular:
			f.DrivenByFirst++
		}
	}
	f.BookedLateS = SpreadOf(late)
	for i := range rides {
		f.CancelFeesFen += rides[i].CancelFee
		if rides[i].State == dispatch.Settled {
			f.TipsFen += rides[i].Tip
		}
	}
	r.Habits = &f
}

func (f *HabitFigures) rounded() *HabitFigures {
	if f == nil {
		return nil
	}
	r := *f
	r.BookedLateS = r.BookedLateS.rounded()
	return &r
}

// summary writes the figures for people.
func (f *HabitFigures) summary(w io.Writer) error {
	if f == nil {
		return nil
	}
	count := dispatch.Plural
	_, err := fmt.Fprintf(w, "habits     %d booked, %d of them taken ahead, %d driven, %.0f s "+
		"late at p90; %s raised, %s yuan; %s, %s yuan of fees; %s; %s; "+
		"%s kept, %d asked first, %d of them came\n",
		f.Booked, f.TakenAhead, f.BookedDriven, f.BookedLateS.P90,
		count(f.TipsRaised, "1 tip", "%d tips"), f.TipsFen,
		count(f.LateCancels, "1 late cancel", "%d late cancels"), f.CancelFeesFen,
		count(f.Complaints, "1 complaint", "%d complaints"), count(f.Clips, "1 clip", "%d clips"),
		count(f.Kept, "1 regular", "%d regulars"), f.AskedFirst, f.DrivenByFirst)
	return err
}
