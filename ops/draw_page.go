package ops

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// DrawsPath is where everybody reads the days of draws: /draws/CITY what is announced and what was
// drawn, /draws/CITY/DAY the whole list of a day, as money.DrawList tells.
const DrawsPath = "/draws/"

// Limits of the public pages. A list of 200,000 rides has 6 MB.
const (
	maxDrawReaders = 4 // at once; more are refused with 503
	drawReadTime   = 20 * time.Second
	drawsBack      = 31 // days before today on a city's page
	drawsAhead     = 31 // and after it
)

// DrawPages serves the public pages of draws, which name nobody. Who asks needs no token.
func DrawPages(
	cities dispatch.Cities, store dispatch.Store, reads Reads, now func() time.Time,
) http.Handler {
	p := drawPages{cities, store, reads, now, make(chan struct{}, maxDrawReaders)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+DrawsPath+"{city}", p.limited(p.city))
	mux.HandleFunc("GET "+DrawsPath+"{city}/{day}", p.limited(p.day))
	return mux
}

type drawPages struct {
	cities dispatch.Cities
	store  dispatch.Store
	reads  Reads
	now    func() time.Time
	room   chan struct{}
}

// limited refuses who is one too many, and ends what takes too long. A page is made as a whole
// before its first byte is sent: who reads slowly keeps no snapshot of the rows, and half a list is
// never taken for a whole one.
func (p drawPages) limited(
	page func(ctx context.Context, w *bytes.Buffer, r *http.Request) error,
) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case p.room <- struct{}{}:
			defer func() { <-p.room }()
		default:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "too many readers", http.StatusServiceUnavailable)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), drawReadTime)
		defer cancel()
		var text bytes.Buffer
		switch err := page(ctx, &text, r); {
		case err == nil:
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Content-Length", strconv.Itoa(text.Len()))
			_, _ = text.WriteTo(w) // a reader who has gone needs no answer
		case dispatch.KindOf(err) == dispatch.NotFound:
			http.Error(w, "no such draw", http.StatusNotFound)
		default:
			http.Error(w, "try again", http.StatusServiceUnavailable)
		}
	}
}

// city is a line for each day around today, in their order: day, draw, state, commitment, hash of
// the list, number and which one it is.
func (p drawPages) city(ctx context.Context, w *bytes.Buffer, r *http.Request) error {
	city, err := p.cities.City(dispatch.CityID(r.PathValue("city")))
	if err != nil {
		return err
	}
	now := p.now()
	days, err := p.reads.CityDrawDays(ctx, city.ID,
		money.DayOf(now.AddDate(0, 0, -drawsBack), city.Zone),
		money.DayOf(now.AddDate(0, 0, drawsAhead), city.Zone))
	if err != nil {
		return err
	}
	for _, d := range days {
		l := d.Publish()
		fmt.Fprintf(w, "%s %q %s %s %s %s %q\n", d.Day, string(d.Draw), d.State,
			l.Commitment, dash(l.List), dash(l.Number), l.NumberIs)
	}
	return nil
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// day is the list of a day; before it is frozen its head alone.
func (p drawPages) day(ctx context.Context, w *bytes.Buffer, r *http.Request) error {
	return p.store.View(ctx, func(tx dispatch.Tx) error {
		w.Reset()
		d, err := tx.DrawDay(r.PathValue("city"), money.Day(r.PathValue("day")))
		if err != nil {
			return err
		}
		w.WriteString(d.Publish().Head())
		if d.State < money.DrawFrozen {
			return nil
		}
		if err := tx.EachLot(d.Draw, d.Day, func(l money.Lot) {
			w.WriteString(l.Line())
		}); err != nil || !d.State.Revealed() {
			return err
		}
		wins, err := tx.Wins(d.Draw, d.Day)
		for _, win := range wins {
			w.WriteString(win.Line())
		}
		return err
	})
}
