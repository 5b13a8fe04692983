// Package store keeps the rows: rides, offers, shifts, people, companies, the ledger, payments,
// campaigns, kept answers, the outbox and the traces, in SQLite or in Postgres. It implements the
// ports that dispatch and money declare, and those by which rider, driver, ops and bus read and
// import. It has no rules of its own beyond what an index, a check or a condition in a statement
// can hold.
//
//	db, err := store.Open(ctx, "sqlite:data/hexhail.db")
//	if err != nil {
//		return err
//	}
//	defer db.Close()
//	desk := dispatch.Desk{Store: db, Traces: db, …}
//	cashier := money.Cashier{Store: db}
//
// # One text, two engines
//
// Every statement is one text with $1…$N for both engines, in the subset that both understand:
// TEXT ids, BIGINT fen and epoch milliseconds (0 is no time), ON CONFLICT, RETURNING, partial
// indexes. Only what looks many numbers up reads otherwise on Postgres (byNumbers). The migrations
// are one text too; what must differ (the immutable rows' triggers, the kind of a running number)
// stands beside it.
//
// # Transactions
//
// A closure's first failed statement ends its transaction on both engines: what follows is
// refused, and nothing of it is written. On Postgres it runs at READ COMMITTED and is run again
// after a serialization failure or a deadlock (three times at most), and once after a duplicate,
// so that it finds the row of whoever was faster. On SQLite a single writer runs the queued
// closures in one transaction, each in a savepoint of its own, and answers all of them after its
// COMMIT: at most 64 closures or 2 ms, and no waiting when nobody queues. In memory, where there is
// nothing to wait for, the closure runs in its caller. A closure must not use the DB but through
// its transaction.
//
// # Reads
//
// What an app asks for is one statement that names its owner beside the row: to anybody else the
// row does not exist. It runs on a connection kept for such short reads, so that it waits neither
// for writers nor for a long report, and sees what was committed when it began. Reports and records
// read one snapshot. Lists come in pages by id.
//
// # Errors
//
// They are *dispatch.Error. What a unique index refuses is Conflict with the reason of what it
// protects; a database that is busy, full or gone is Unavailable; a CHECK or a trigger that had to
// catch something is Internal, since the code above should have. A context's end stays what it is.
//
// A DB is safe for concurrent use.
package store
