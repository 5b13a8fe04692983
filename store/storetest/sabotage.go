package storetest

import (
	"errors"
	"testing"
)

// safeguard is something in the schema that a mutant does without.
type safeguard int

const (
	driverIndex     safeguard = iota + 1 // one ride for a driver, and for the taxi
	overdraftCheck                       // no account below 0
	transferTrigger                      // no transfer changes, and no seal of one
	refundCheck                          // no more back than was captured
	handOverIndex                        // a booking is handed over once
	receiptIndex                         // a printed number is one ride's
)

// remove takes a safeguard out of the schema.
func remove(t testing.TB, db Database, s safeguard) {
	t.Helper()
	var texts []string
	switch s {
	case driverIndex:
		texts = []string{`DROP INDEX ride_one_per_driver`, `DROP INDEX ride_one_per_taxi`}
	case overdraftCheck:
		texts = []string{`PRAGMA ignore_check_constraints = ON`}
		if db.Postgres {
			texts = []string{`ALTER TABLE account DROP CONSTRAINT account_overdraft`}
		}
	case refundCheck:
		texts = []string{`PRAGMA ignore_check_constraints = ON`}
		if db.Postgres {
			texts = []string{`ALTER TABLE attempt DROP CONSTRAINT attempt_refunded`}
		}
	case handOverIndex:
		texts = []string{`DROP INDEX hand_over_once`}
	case receiptIndex:
		texts = []string{`DROP INDEX receipt_number_once`}
	case transferTrigger:
		texts = []string{
			`DROP TRIGGER transfer_no_update`, `DROP TRIGGER transfer_no_delete`,
			`DROP TRIGGER seal_no_update`, `DROP TRIGGER seal_no_delete`,
		}
		if db.Postgres {
			texts = []string{
				`DROP TRIGGER transfer_immutable ON transfer`,
				`DROP TRIGGER seal_immutable ON seal`,
			}
		}
	}
	for _, text := range texts {
		check(t, db.SQL(t.Context(), text))
	}
}

// caught fails the test of a mutant that the check of a promise has not noticed.
func caught(t testing.TB, broken error) {
	t.Helper()
	if broken == nil {
		t.Error("the mutant was not caught")
		return
	}
	t.Logf("caught: %v", broken)
}

// errTooFew is a run that proves too little.
var errTooFew = errors.New("too few to prove anything")

// kept runs the check of a promise, and again where chance has had it prove too little.
func kept(t testing.TB, run func() error) {
	t.Helper()
	err := run()
	for n := 1; errors.Is(err, errTooFew) && n < 8; n++ {
		err = run()
	}
	check(t, err)
}
