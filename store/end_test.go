package store_test

import (
	"testing"
	"time"

	"hexhail/dispatch"
)

// TestCloseDoesNotWaitForEver: a report that does not end keeps no server from ending; when it ends
// the database is closed.
func TestCloseDoesNotWaitForEver(t *testing.T) {
	db := openFile(t)
	reads, ended, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- db.View(t.Context(), func(dispatch.Tx) error {
			close(reads)
			<-ended
			return nil
		})
	}()
	<-reads
	if err := db.CloseWithin(time.Millisecond); dispatch.KindOf(err) != dispatch.Unavailable {
		t.Errorf("closed beside a reader: %v", err)
	}
	close(ended)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// TestMemoryLost: when SQLite gives up the one transaction of a database in memory, all rows are
// gone. Nobody goes on with an empty city.
func TestMemoryLost(t *testing.T) {
	db := openMemory(t)
	insert := func(id dispatch.RiderID) error {
		return db.Tx(t.Context(), func(tx dispatch.Tx) error {
			return tx.InsertRider(dispatch.Rider{ID: id})
		})
	}
	if err := insert("R1"); err != nil {
		t.Fatal(err)
	}
	if err := db.SQL(t.Context(), "ROLLBACK"); err == nil {
		t.Error("rolled back without an error")
	}
	if err := insert("R2"); dispatch.KindOf(err) != dispatch.Unavailable {
		t.Errorf("a row after all were lost: %v", err)
	}
	err := db.View(t.Context(), func(tx dispatch.Tx) error {
		_, err := tx.Rider("R1")
		return err
	})
	if dispatch.KindOf(err) != dispatch.Unavailable {
		t.Errorf("read after all were lost: %v", err)
	}
}
