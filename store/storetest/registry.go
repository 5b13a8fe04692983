package storetest

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"hexhail/dispatch"
)

// table is one kind of rows that are imported.
type table[T comparable] struct {
	row    func(n int) T
	change func(*T)
	put    func(context.Context, []T) (dispatch.Imported, error)
	read   func(dispatch.Tx, T) (T, error) // may be nil
}

// imports writes each table again and again.
func imports(t *testing.T, open Open) {
	db := open(t)
	_, err := db.ImportCompanies(t.Context(), []dispatch.Company{{ID: "C1", Name: "首汽"}})
	check(t, err)
	table[dispatch.Company]{
		row:    func(n int) dispatch.Company { return dispatch.Company{ID: fmt.Sprint("X", n)} },
		change: func(c *dispatch.Company) { c.Name = "北汽" },
		put:    db.ImportCompanies,
	}.fill(t, db)
	table[dispatch.Rider]{
		row: func(n int) dispatch.Rider {
			r := filled[dispatch.Rider](n)
			r.ID = dispatch.RiderID(fmt.Sprint("R", n))
			return r
		},
		change: func(r *dispatch.Rider) { r.Phone = "13800000000" },
		put:    db.ImportRiders,
		read: func(tx dispatch.Tx, r dispatch.Rider) (dispatch.Rider, error) {
			return tx.Rider(r.ID)
		},
	}.fill(t, db)
	table[dispatch.Driver]{
		row: func(n int) dispatch.Driver {
			d := filled[dispatch.Driver](n)
			d.ID, d.Company = dispatch.DriverID(fmt.Sprint("D", n)), []string{"", "C1"}[n%2]
			return d
		},
		change: func(d *dispatch.Driver) { d.PhotoURI, d.City = "https://x/1.jpg", "chengdu" },
		put:    db.ImportDrivers,
		read: func(tx dispatch.Tx, d dispatch.Driver) (dispatch.Driver, error) {
			return tx.Driver(d.ID)
		},
	}.fill(t, db)
	table[dispatch.Taxi]{
		row: func(n int) dispatch.Taxi {
			x := filled[dispatch.Taxi](n)
			x.ID = dispatch.TaxiID(fmt.Sprint("T", n))
			return x
		},
		change: func(x *dispatch.Taxi) {
			x.Plate, x.Seats, x.Class = "京B·"+string(x.ID), 6, "large"
		},
		put: db.ImportTaxis,
		read: func(tx dispatch.Tx, x dispatch.Taxi) (dispatch.Taxi, error) {
			return tx.Taxi(x.ID)
		},
	}.fill(t, db)

	// What an import has written, a card shows.
	r := assigned(searching("r"), "D1")
	r.Taxi = "T1"
	insertRides(t, db, r)
	for _, name := range []string{"首汽", "首汽集团"} {
		_, err := db.ImportCompanies(t.Context(), []dispatch.Company{{ID: "C1", Name: name}})
		check(t, err)
		card, err := db.RideCard(t.Context(), r.Rider, r.ID)
		check(t, err)
		equal(t, "company on the card", card.Company, name)
	}
}

// fill imports rows: new ones, the same shuffled, some changed, and two of one id.
func (x table[T]) fill(t *testing.T, db Database) {
	t.Helper()
	const n = 30
	rows := make([]T, n, n+1)
	for i := range rows {
		rows[i] = x.row(i)
	}
	put := func(step string, want dispatch.Imported, rows ...T) {
		t.Helper()
		got, err := x.put(t.Context(), rows)
		check(t, err)
		equal(t, fmt.Sprintf("%T: %s", rows, step), got, want)
	}
	put("none", dispatch.Imported{})
	put("at first", dispatch.Imported{Added: n}, rows...)
	random(t).Shuffle(n, func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	put("shuffled", dispatch.Imported{Same: n}, rows...)
	for i := range 7 {
		x.change(&rows[i])
	}
	rows = append(rows, x.row(n))
	put("changed", dispatch.Imported{Added: 1, Changed: 7, Same: n - 7}, rows...)
	later := rows[n]
	x.change(&later)
	put("of two the later", dispatch.Imported{Changed: 1, Same: 1}, rows[n], later)
	put("stands", dispatch.Imported{Same: 1}, later)
	rows[n] = later
	if x.read == nil {
		return
	}
	do(t, db, func(tx dispatch.Tx) error {
		for _, want := range rows {
			got, err := x.read(tx, want)
			check(t, err)
			equal(t, "imported", got, want)
		}
		return nil
	})
}

// importRefused: one bad row, and none is written.
func importRefused(t *testing.T, open Open) {
	db := open(t)
	ctx := t.Context()
	good := dispatch.Driver{ID: "D1", City: city}
	n, err := db.ImportDrivers(ctx, []dispatch.Driver{
		good, {ID: "D2", City: city, Company: "C404"}, {ID: "D3", City: city},
	})
	wantError(t, err, dispatch.NotFound, dispatch.ReasonUnknownCompany)
	equal(t, "counted", n, dispatch.Imported{})
	for _, id := range []dispatch.DriverID{"D1", "D2", "D3"} {
		refused(t, db, dispatch.NotFound, dispatch.ReasonUnknownDriver,
			func(tx dispatch.Tx) error {
				_, err := tx.Driver(id)
				return err
			})
	}
	_, err = db.ImportDrivers(ctx, []dispatch.Driver{good})
	check(t, err)
	bad := good
	bad.Name, bad.Company = "changed", "C404"
	_, err = db.ImportDrivers(ctx, []dispatch.Driver{bad})
	wantError(t, err, dispatch.NotFound, dispatch.ReasonUnknownCompany)
	do(t, db, func(tx dispatch.Tx) error {
		d, err := tx.Driver("D1")
		equal(t, "unchanged", d, good)
		return err
	})
	plates(t, db)
	_, err = db.ImportRiders(ctx, []dispatch.Rider{{ID: "R1"}, {Name: "without an id"}})
	wantError(t, err, dispatch.Invalid, dispatch.ReasonField)
	equal(t, "a rider beside a bad one", has(t, db, "R1"), false)
	_, err = db.ImportRiders(ctx, make([]dispatch.Rider, 100_001))
	wantError(t, err, dispatch.Invalid, dispatch.ReasonField)
}

// plates: two taxis of a city never have the same one, and may change theirs for each other's.
func plates(t *testing.T, db Database) {
	t.Helper()
	taxi := func(id dispatch.TaxiID, plate string) dispatch.Taxi {
		return dispatch.Taxi{ID: id, City: city, Plate: plate, Seats: 4}
	}
	put := func(taxis ...dispatch.Taxi) error {
		_, err := db.ImportTaxis(t.Context(), taxis)
		return err
	}
	check(t, put(taxi("P1", "京B1"), taxi("P2", "京B2")))
	wantError(t, put(taxi("P3", "京B1")), dispatch.Conflict, dispatch.ReasonDuplicate)
	wantError(t, put(taxi("P2", "京B1")), dispatch.Conflict, dispatch.ReasonDuplicate)
	wantError(t, put(taxi("P3", "京B3"), taxi("P4", "京B3")),
		dispatch.Conflict, dispatch.ReasonDuplicate)
	refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate, func(tx dispatch.Tx) error {
		return tx.InsertTaxi(taxi("P3", "京B1"))
	})
	check(t, put(taxi("P1", "京B2"), taxi("P2", "京B1"))) // in one import
	elsewhere := taxi("P3", "京B1")
	elsewhere.City = "chengdu"
	check(t, put(elsewhere, taxi("P4", ""), taxi("P5", "")))
}

// importDuringShift: driver and taxi stay in their city as long as the shift is not off.
func importDuringShift(t *testing.T, open Open) {
	db := open(t)
	ctx := t.Context()
	driver, taxi := filled[dispatch.Driver](0), filled[dispatch.Taxi](10)
	driver.ID, driver.Company, taxi.ID = "D1", "", "T1"
	_, err := db.ImportDrivers(ctx, []dispatch.Driver{driver})
	check(t, err)
	_, err = db.ImportTaxis(ctx, []dispatch.Taxi{taxi})
	check(t, err)
	movedDriver, movedTaxi := driver, taxi
	movedDriver.City, movedTaxi.City = "elsewhere", "elsewhere"
	for _, duty := range []dispatch.Duty{dispatch.OnDuty, dispatch.Paused} {
		do(t, db, func(tx dispatch.Tx) error {
			return tx.PutShift(dispatch.Shift{Driver: "D1", Taxi: "T1", City: city, Duty: duty})
		})
		_, err = db.ImportDrivers(ctx, []dispatch.Driver{{ID: "D0"}, movedDriver})
		wantError(t, err, dispatch.Conflict, dispatch.ReasonTaxiTaken)
		_, err = db.ImportTaxis(ctx, []dispatch.Taxi{{ID: "T0"}, movedTaxi})
		wantError(t, err, dispatch.Conflict, dispatch.ReasonTaxiTaken)
		driver.Phone, taxi.Plate = "of "+duty.String(), "of "+duty.String()
		n, err := db.ImportDrivers(ctx, []dispatch.Driver{driver})
		check(t, err)
		equal(t, "all but the city may change", n, dispatch.Imported{Changed: 1})
		n, err = db.ImportTaxis(ctx, []dispatch.Taxi{taxi})
		check(t, err)
		equal(t, "of a taxi, too", n, dispatch.Imported{Changed: 1})
	}
	do(t, db, func(tx dispatch.Tx) error {
		return tx.PutShift(dispatch.Shift{
			Driver: "D1", Taxi: "T1", City: city, Duty: dispatch.OffDuty,
		})
	})
	n, err := db.ImportDrivers(ctx, []dispatch.Driver{{ID: "D0"}, movedDriver})
	check(t, err)
	equal(t, "off duty", n, dispatch.Imported{Added: 1, Changed: 1})
	_, err = db.ImportTaxis(ctx, []dispatch.Taxi{movedTaxi})
	check(t, err)
}

// importBesideShift: a driver or a taxi is moved to another city while a shift of both begins.
// Whoever is first, a shift is in the city of both.
func importBesideShift(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		db := open(t)
		err := moveAndBegin(t, db, func(s dispatch.Shift, m *moving) error {
			return db.Tx(t.Context(), func(tx dispatch.Tx) error {
				if err := inCity(tx, s); err != nil {
					return err
				}
				m.begin()
				// Time for the import, if nothing keeps it waiting until this transaction ends.
				for n := 0; n < 200 && !m.over.Load(); n++ {
					if _, err := tx.Searching(city); err != nil {
						return err
					}
				}
				return tx.PutShift(s)
			})
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("MutantCheckThenAct", func(t *testing.T) {
		db := open(t)
		caught(t, moveAndBegin(t, db, func(s dispatch.Shift, m *moving) error {
			err := db.Tx(t.Context(), func(tx dispatch.Tx) error { return inCity(tx, s) })
			if err != nil {
				return err
			}
			m.begin()
			for !m.over.Load() {
				runtime.Gosched()
			}
			return db.Tx(t.Context(), func(tx dispatch.Tx) error { return tx.PutShift(s) })
		}))
	})
}

// moving is an import that waits for a shift to be half begun.
type moving struct {
	once  sync.Once
	start chan struct{}
	over  atomic.Bool
}

func (m *moving) begin() { m.once.Do(func() { close(m.start) }) }

// inCity refuses a shift whose driver or taxi is not in its city.
func inCity(tx dispatch.Tx, s dispatch.Shift) error {
	driver, err := tx.Driver(s.Driver)
	if err != nil {
		return err
	}
	taxi, err := tx.Taxi(s.Taxi)
	if err != nil {
		return err
	}
	if driver.City != s.City || taxi.City != s.City {
		return errUndo
	}
	return nil
}

// moveAndBegin says in which round a shift was not where its driver and taxi are.
func moveAndBegin(
	t *testing.T, db Database, begin func(dispatch.Shift, *moving) error,
) error {
	t.Helper()
	for i := range 10 {
		driver := dispatch.Driver{ID: dispatch.DriverID(fmt.Sprint("D", i)), City: city}
		taxi := dispatch.Taxi{ID: dispatch.TaxiID(fmt.Sprint("T", i)), City: city, Seats: 4}
		_, err := db.ImportDrivers(t.Context(), []dispatch.Driver{driver})
		check(t, err)
		_, err = db.ImportTaxis(t.Context(), []dispatch.Taxi{taxi})
		check(t, err)
		driver.City, taxi.City = "chengdu", "chengdu"
		s := dispatch.Shift{
			Driver: driver.ID, Taxi: taxi.ID, City: city, Seats: 4, Duty: dispatch.OnDuty,
		}
		m := &moving{start: make(chan struct{})}
		atOnce(func() {
			<-m.start
			var err error
			if i%2 == 0 {
				_, err = db.ImportDrivers(t.Context(), []dispatch.Driver{driver})
			} else {
				_, err = db.ImportTaxis(t.Context(), []dispatch.Taxi{taxi})
			}
			if err != nil && dispatch.KindOf(err) != dispatch.Conflict {
				t.Error(err)
			}
			m.over.Store(true)
		}, func() {
			defer m.begin()
			if err := begin(s, m); err != nil {
				t.Error(err)
			}
		})
		err = db.Tx(t.Context(), func(tx dispatch.Tx) error { return inCity(tx, s) })
		if err != nil {
			return fmt.Errorf("round %d: a shift, and its driver or taxi in another city", i)
		}
	}
	return nil
}
