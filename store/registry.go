package store

import (
	"cmp"
	"context"
	"slices"

	"hexhail/dispatch"
)

// maxImport is how many rows an import has at most: a whole city's, and about a second of the
// writer's time. More is Invalid.
const maxImport = 100_000

var companyColumns = columns{"id", "name"}

var (
	companyByID = companyColumns.selects(`company WHERE id = $1`)
	takenBy     = &query{text: `SELECT driver FROM shift WHERE taxi = $1 AND duty <> 'off'`}
	takes       = &query{text: `SELECT taxi FROM shift WHERE driver = $1 AND duty <> 'off'`}
	plateOf     = &query{text: `SELECT id FROM taxi WHERE city = $1 AND plate = $2 AND plate <> ''`}
	takePlate   = &query{text: `UPDATE taxi SET plate = '' WHERE id = $1`}
)

// registry is a table that is imported into.
type registry[T comparable] struct {
	read, insert, update *query
	scan                 func(*reader) T
	args                 func(T) []any // the first is the id
	// before is done with all rows before the first is written.
	before func(t *tx, rows []T) error
	// refuse says why a row must not be written in place of the one that is there, or of none,
	// which is the zero one.
	refuse func(t *tx, was, row T) error
}

// registryOf makes the statements of a table. On Postgres a row that is read is locked until the
// commit: it changes by what was compared.
func registryOf[T comparable](
	table string, c columns, scan func(*reader) T, args func(T) []any,
) registry[T] {
	return registry[T]{
		read:   &query{text: c.selects(table + ` WHERE id = $1`).text, lock: `FOR UPDATE`},
		insert: c.insert(table),
		update: &query{text: `UPDATE ` + table + ` SET ` + c.assignments() + ` WHERE id = $1`},
		scan:   scan, args: args,
		before: func(*tx, []T) error { return nil },
		refuse: func(*tx, T, T) error { return nil },
	}
}

var (
	companyRegistry = registryOf("company", companyColumns, scanCompany, companyArgs)
	riderRegistry   = registryOf("rider", riderColumns, scanRider, riderArgs)
	driverRegistry  = registryOf("driver", driverColumns, scanDriver, driverArgs).
			but(driverStays)
	taxiRegistry = registryOf("taxi", taxiColumns, scanTaxi, taxiArgs).
			but(taxiStays).after(takePlates)
)

func (g registry[T]) but(refuse func(t *tx, was, row T) error) registry[T] {
	g.refuse = refuse
	return g
}

func (g registry[T]) after(before func(t *tx, rows []T) error) registry[T] {
	g.before = before
	return g
}

func scanCompany(r *reader) dispatch.Company {
	return dispatch.Company{ID: r.text(), Name: r.text()}
}

func companyArgs(c dispatch.Company) []any { return []any{c.ID, c.Name} }

// driverStays refuses an unknown company, and another city during a shift.
func driverStays(t *tx, was, d dispatch.Driver) error {
	if d.Company != "" && d.Company != was.Company {
		_, ok, err := one(t, scanCompany, companyByID, d.Company)
		if err != nil {
			return err
		}
		if !ok {
			return dispatch.Errorf(dispatch.NotFound, dispatch.ReasonUnknownCompany,
				"no company %s of driver %s", d.Company, d.ID)
		}
	}
	if was.City == d.City || was.ID == "" {
		return nil
	}
	taxi, busy, err := one(t, (*reader).text, takes, string(d.ID))
	if err == nil && busy {
		err = dispatch.Errorf(dispatch.Conflict, dispatch.ReasonTaxiTaken,
			"driver %s has taxi %s: no other city before the shift's end", d.ID, taxi)
	}
	return err
}

// takePlates takes from taxis that are in the same import the plates that others get, so that two
// may change theirs for each other's.
func takePlates(t *tx, taxis []dispatch.Taxi) error {
	here := make(map[string]bool, len(taxis))
	for _, x := range taxis {
		here[string(x.ID)] = true
	}
	for _, x := range taxis {
		other, ok, err := one(t, (*reader).text, plateOf, string(x.City), x.Plate)
		if err != nil {
			return err
		}
		if !ok || other == string(x.ID) || !here[other] {
			continue
		}
		if _, err := t.exec(takePlate, other); err != nil {
			return err
		}
	}
	return nil
}

// taxiStays refuses another city during a shift, and another taxi's plate.
func taxiStays(t *tx, was, x dispatch.Taxi) error {
	if was.Plate != x.Plate || was.City != x.City {
		other, ok, err := one(t, (*reader).text, plateOf, string(x.City), x.Plate)
		if err != nil {
			return err
		}
		if ok && other != string(x.ID) {
			return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonDuplicate,
				"taxi %s has the plate %q of taxi %s", other, x.Plate, x.ID)
		}
	}
	if was.City == x.City || was.ID == "" {
		return nil
	}
	driver, busy, err := one(t, (*reader).text, takenBy, string(x.ID))
	if err == nil && busy {
		err = dispatch.Errorf(dispatch.Conflict, dispatch.ReasonTaxiTaken,
			"driver %s has taxi %s: no other city before the shift's end", driver, x.ID)
	}
	return err
}

// put writes rows in the order of their ids, so that two imports do not wait for each other in a
// ring. Of two rows of one id the later stands.
func (g registry[T]) put(
	ctx context.Context, db *DB, rows []T, id func(T) string,
) (dispatch.Imported, error) {
	if len(rows) > maxImport {
		return dispatch.Imported{}, dispatch.Errorf(dispatch.Invalid, dispatch.ReasonField,
			"an import has at most %d rows, not %d", maxImport, len(rows))
	}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b T) int { return cmp.Compare(id(a), id(b)) })
	var n dispatch.Imported
	err := db.transact(ctx, func(t *tx) error {
		n = dispatch.Imported{}
		if err := g.before(t, rows); err != nil {
			return err
		}
		for _, row := range rows {
			if err := g.putOne(t, row, id(row), &n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return dispatch.Imported{}, err
	}
	return n, nil
}

func (g registry[T]) putOne(t *tx, row T, id string, n *dispatch.Imported) error {
	if id == "" {
		return dispatch.Errorf(dispatch.Invalid, dispatch.ReasonField, "a row has no id")
	}
	was, ok, err := one(t, g.scan, g.read, id)
	if err != nil {
		return err
	}
	if ok && was == row {
		n.Same++
		return nil
	}
	if err := g.refuse(t, was, row); err != nil {
		return err
	}
	q, count := g.insert, &n.Added
	if ok {
		q, count = g.update, &n.Changed
	}
	*count++
	_, err = t.exec(q, g.args(row)...)
	return err
}

// ImportCompanies writes companies by id, all or none. Invalid for a row without an id or too many
// rows.
func (db *DB) ImportCompanies(
	ctx context.Context, rows []dispatch.Company,
) (dispatch.Imported, error) {
	return companyRegistry.put(ctx, db, rows, func(c dispatch.Company) string { return c.ID })
}

// ImportDrivers writes drivers by id, all or none. NotFound with ReasonUnknownCompany for a company
// that was never imported ("" is none); Conflict with ReasonTaxiTaken for another city during a
// shift; Invalid as above.
func (db *DB) ImportDrivers(
	ctx context.Context, rows []dispatch.Driver,
) (dispatch.Imported, error) {
	return driverRegistry.put(ctx, db, rows, func(d dispatch.Driver) string { return string(d.ID) })
}

// ImportTaxis writes taxis by id, all or none. Conflict with ReasonTaxiTaken for another city
// during a shift, with ReasonDuplicate for the plate of another taxi of the city; Invalid as above.
// Seats and plate may change at any time; a shift keeps the seats that it began with.
func (db *DB) ImportTaxis(
	ctx context.Context, rows []dispatch.Taxi,
) (dispatch.Imported, error) {
	return taxiRegistry.put(ctx, db, rows, func(x dispatch.Taxi) string { return string(x.ID) })
}

// ImportRiders writes riders by id, all or none. Invalid as above.
func (db *DB) ImportRiders(
	ctx context.Context, rows []dispatch.Rider,
) (dispatch.Imported, error) {
	return riderRegistry.put(ctx, db, rows, func(r dispatch.Rider) string { return string(r.ID) })
}
