package store

import "context"

var pingQuery = &query{text: `SELECT count(*) FROM city_owner`}

// Ping reads a row, to say whether the database answers. Errors: Unavailable.
func (db *DB) Ping(ctx context.Context) error {
	return db.engine.read(ctx, func(r runner) error {
		return r.each(pingQuery, nil, func(w row) { w.integer() })
	})
}
