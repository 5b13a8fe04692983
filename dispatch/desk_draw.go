package dispatch

import (
	"context"
	"time"

	"hexhail/money"
)

// LaunchDraw begins a daily draw (version 1), or adds days to it (the next version). Each new day
// has a secret of its own, whose hash can be read from then on, and money for all that can be won
// on it. The newest version again changes nothing. Errors: *money.DrawError, among them for a day
// that has begun; Conflict with ReasonDuplicate for other content under a version, with
// ReasonDrawDay for a day of another draw.
func (d *Desk) LaunchDraw(
	ctx context.Context, now time.Time, key Once, draw money.Draw,
) (money.Draw, error) {
	return do(ctx, d, "LaunchDraw", now, key, draw, func(j *job) (money.Draw, error) {
		if err := draw.Check(); err != nil {
			return draw, err
		}
		city, err := d.Cities.City(CityID(draw.City))
		if err != nil {
			return draw, err
		}
		if d.NewSecret == nil {
			return draw, Errorf(Unavailable, ReasonStore, "no secrets are made here")
		}
		if d.Channels[draw.Channel] == nil {
			return draw, &money.DrawError{Field: "channel", Limit: "one that is open here"}
		}
		newest, err := newestDraw(j.tx, draw)
		if err != nil || newest == draw {
			return draw, err
		}
		if newest.Version >= draw.Version {
			return draw, Errorf(Conflict, ReasonDuplicate,
				"draw %s has a version %d with other content", draw.ID, draw.Version)
		}
		return draw, d.announce(j, draw, newest, city)
	})
}

// newestDraw is the newest version of a draw, the zero Draw for one that is new.
func newestDraw(tx money.Draws, draw money.Draw) (money.Draw, error) {
	all, err := tx.DrawsOf(draw.City)
	for _, newest := range all {
		if newest.ID == draw.ID {
			return newest, err
		}
	}
	return money.Draw{}, err
}

// announce writes a version of a draw with its new days.
func (d *Desk) announce(j *job, draw, newest money.Draw, city City) error {
	days, err := draw.New(newest, money.DayOf(j.now, city.Zone))
	if err != nil {
		return err
	}
	if err := j.tx.InsertDraw(draw); err != nil {
		return err
	}
	for _, day := range days {
		if err := j.tx.InsertDrawDay(draw.NewDay(day, d.NewSecret(), city.Zone)); err != nil {
			return err
		}
	}
	if len(days) == 0 { // another name
		return nil
	}
	return j.tx.Book(draw.Funding(len(days), j.now))
}

// EnterNumber is the word of ops on the public number of a day of a draw.
type EnterNumber struct {
	City   CityID
	Day    money.Day
	Number string // 1 to money.MaxDrawNumber digits
}

// EnterNumber gives a day its public number, after its list is frozen, and once: what is drawn is
// decided by it. Errors: NotFound with ReasonUnknownDraw, *money.DrawError for what is no number,
// Conflict with ReasonDrawState before the list is frozen, and for a day that has another number.
func (d *Desk) EnterNumber(
	ctx context.Context, now time.Time, key Once, c EnterNumber,
) (money.DrawDay, error) {
	type told struct { // no secret among the answers that are kept
		Version int
	}
	var day money.DrawDay
	_, err := do(ctx, d, "EnterNumber", now, key, c, func(j *job) (told, error) {
		var err error
		if day, err = j.tx.DrawDay(string(c.City), c.Day); err != nil {
			return told{}, err
		}
		if day, err = day.Enter(c.Number, now); err != nil {
			return told{}, drawState(err)
		}
		j.drew = append(j.drew, DrewDay{Day: day})
		j.opened = true
		return told{day.Version}, j.tx.UpdateDrawDay(day)
	})
	if err != nil {
		return money.DrawDay{}, err
	}
	err = d.Store.View(ctx, func(tx Tx) (err error) { // as it is now, the first time or again
		day, err = tx.DrawDay(string(c.City), c.Day)
		return err
	})
	return day, err
}

// drawState says of a step that a day does not take that it is the day's state.
func drawState(err error) error {
	if kind, _ := Classify(err); kind != Conflict {
		return err
	}
	return &Error{Kind: Conflict, Reason: ReasonDrawState, Text: "draw", Cause: err}
}

// EndDraw is the word of ops that a draw ends.
type EndDraw struct {
	City CityID
	ID   money.DrawID
}

// EndedDraw is what came of it.
type EndedDraw struct {
	Cancelled int       // days that had not begun
	Returned  money.Fen // to the sponsor
}

// EndDraw takes back the days of a draw that have not begun, and gives its sponsor what those that
// have cannot take any more. Ended again, it returns what has come back since. Errors: NotFound
// with ReasonUnknownDraw.
func (d *Desk) EndDraw(
	ctx context.Context, now time.Time, key Once, c EndDraw,
) (EndedDraw, error) {
	return do(ctx, d, "EndDraw", now, key, c, func(j *job) (EndedDraw, error) {
		city, err := d.Cities.City(c.City)
		if err != nil {
			return EndedDraw{}, err
		}
		draw, err := newestDraw(j.tx, money.Draw{ID: c.ID, City: string(c.City)})
		if err == nil && draw.ID == "" {
			err = Errorf(NotFound, ReasonUnknownDraw, "%s has no draw %s", c.City, c.ID)
		}
		if err != nil {
			return EndedDraw{}, err
		}
		id := money.EntryID("end/" + key.Identity + "/" + key.RequestID)
		return j.endDraw(draw, money.DayOf(now, city.Zone), id)
	})
}

func (j *job) endDraw(draw money.Draw, today money.Day, id money.EntryID) (EndedDraw, error) {
	var ended EndedDraw
	days, err := j.tx.DrawDaysOf(draw.ID)
	if err != nil {
		return ended, err
	}
	var holds money.Fen
	for _, day := range days {
		if day.State == money.DrawOpen && day.Day > today {
			if day, err = day.Cancel(today); err != nil {
				return ended, err
			}
			if err := j.tx.UpdateDrawDay(day); err != nil {
				return ended, err
			}
			ended.Cancelled++
		}
		var wins []money.Win
		if day.State == money.DrawDrawn {
			if wins, err = j.tx.Wins(day.Draw, day.Day); err != nil {
				return ended, err
			}
		}
		holds += day.Holds(wins)
	}
	budget, err := j.tx.Account(draw.Budget())
	if err != nil {
		return ended, err
	}
	ended.Returned = budget.Available() - holds
	if ended.Returned <= 0 {
		ended.Returned = 0
		return ended, nil
	}
	return ended, j.tx.Book(draw.Return(id, ended.Returned, j.now))
}
