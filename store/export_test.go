package store

import "context"

// Raw runs one statement in a transaction of its own.
func (db *DB) Raw(ctx context.Context, text string) error {
	return db.transact(ctx, func(t *tx) error {
		_, err := t.exec(&query{text: text})
		return err
	})
}
