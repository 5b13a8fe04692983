package storetest

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// The load of promiseAnswer: each request is sent so often at once.
const (
	answerRequests = 30
	answerAtOnce   = 20
)

// promiseAnswer: the same request id gives the same answer, and with another command an error.
func promiseAnswer(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		db := open(t)
		if err := repeatRequests(t, db, NewDesk(t, db)); err != nil {
			t.Error(err)
		}
	})
	t.Run("MutantSaveAfterCommit", func(t *testing.T) {
		db := open(t)
		desk := NewDesk(t, db)
		desk.Store = lateAnswers{db}
		caught(t, repeatRequests(t, db, desk))
	})
}

// requestOf asks for a taxi in the middle of the town.
func requestOf(rider dispatch.RiderID) dispatch.RequestRide {
	at := func(lat float64) dispatch.Place {
		return dispatch.Place{Point: geo.Point{Lat: lat, Lng: 116.4}}
	}
	return dispatch.RequestRide{
		City: city, Rider: rider, Seats: 1, PayBy: money.InWallet,
		Pickup: at(39.90), Dropoff: at(39.95),
	}
}

// repeatRequests says which answer was not the first one's.
func repeatRequests(t *testing.T, db Database, desk *dispatch.Desk) error {
	t.Helper()
	for i := range answerRequests {
		rider := dispatch.RiderID(fmt.Sprint("rider", i))
		do(t, db, func(tx dispatch.Tx) error { return tx.InsertRider(dispatch.Rider{ID: rider}) })
		key := dispatch.Once{Identity: "rider:" + string(rider), RequestID: "once"}
		answers := make([]dispatch.Receipt, answerAtOnce)
		errs := make([]error, answerAtOnce)
		var all sync.WaitGroup
		for n := range answers {
			all.Go(func() {
				answers[n], errs[n] = desk.Request(t.Context(), noon, key, requestOf(rider))
			})
		}
		all.Wait()
		for n := range answers {
			if errs[n] != nil {
				return fmt.Errorf("request %d, try %d: %w", i, n, errs[n])
			}
			if answers[n].Ride != answers[0].Ride || answers[n].State != answers[0].State {
				return fmt.Errorf("request %d: %v, then %v", i, answers[0], answers[n])
			}
		}
		again, err := desk.Request(t.Context(), after(60), key, requestOf(rider))
		if err != nil || again.Ride != answers[0].Ride || !again.At.Equal(answers[0].At) {
			return fmt.Errorf("request %d a minute later: %v, %w", i, again, err)
		}
		other := requestOf(rider)
		other.Seats = 2
		_, err = desk.Request(t.Context(), after(61), key, other)
		if dispatch.ReasonOf(err) != dispatch.ReasonRequestReused {
			return fmt.Errorf("request %d with another body: %w", i, err)
		}
	}
	return nil
}

// lateAnswers is a store that keeps the answers of request ids only after the commit.
type lateAnswers struct{ Database }

type lateTx struct {
	dispatch.Tx
	rows *[]dispatch.OnceRow
}

// Remember keeps the row for later.
func (tx lateTx) Remember(row dispatch.OnceRow) error {
	*tx.rows = append(*tx.rows, row)
	return nil
}

// Tx commits, and only then writes the answers.
func (s lateAnswers) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	var rows []dispatch.OnceRow
	err := s.Database.Tx(ctx, func(tx dispatch.Tx) error {
		rows = rows[:0]
		return fn(lateTx{tx, &rows})
	})
	if err != nil {
		return err
	}
	for range 100 {
		runtime.Gosched() // the pause between act and answer, in which the same request comes again
	}
	return s.Database.Tx(ctx, func(tx dispatch.Tx) error {
		for _, row := range rows {
			if err := tx.Remember(row); err != nil {
				return err
			}
		}
		return nil
	})
}
