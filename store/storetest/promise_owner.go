package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"hexhail/dispatch"
)

// promiseOwner: nobody reads what is not theirs. Every read is tried by everybody on every row: by
// its owner, by others, by nobody, by a driver who has given the ride back and one who declined it.
func promiseOwner(t *testing.T, open Open) {
	db := open(t)
	b := moveIn(t, db)
	t.Run("Kept", func(t *testing.T) {
		if err := b.ask(t, ownRowsOf(db)); err != nil {
			t.Error(err)
		}
		t.Logf("%d rides, %d rows were shown to their owners", len(b.rides), b.reads)
		if b.reads < 400 {
			t.Errorf("%d rows are too few to prove anything", b.reads)
		}
	})
	for _, mutants := range []map[string]func(*ownRows){
		riderMutants(db), driverMutants(db), voiceMutants(db),
	} {
		for name, drop := range mutants {
			t.Run("Mutant"+name, func(t *testing.T) {
				rows := ownRowsOf(db)
				drop(&rows)
				caught(t, b.ask(t, rows))
			})
		}
	}
}

// riderMutants are riders' reads without the owner in their condition, one each.
func riderMutants(db Database) map[string]func(*ownRows) {
	return map[string]func(*ownRows){
		"RiderRide": func(rows *ownRows) {
			rows.riderRide = func(
				ctx context.Context, _ dispatch.RiderID, id dispatch.RideID,
			) (dispatch.Ride, error) {
				return rideToAnybody(ctx, db, id)
			}
		},
		"RiderRides": func(rows *ownRows) {
			rows.riderRides = func(
				ctx context.Context, _ dispatch.RiderID, p dispatch.Page,
			) ([]dispatch.Ride, error) {
				return db.CityRides(ctx, city, 0, p)
			}
		},
		"RideCard": func(rows *ownRows) {
			rows.rideCard = func(
				ctx context.Context, _ dispatch.RiderID, id dispatch.RideID,
			) (dispatch.Card, error) {
				r, err := rideToAnybody(ctx, db, id)
				if err != nil {
					return dispatch.Card{}, err
				}
				return db.RideCard(ctx, r.Rider, id)
			}
		},
		"RiderReceipt": func(rows *ownRows) {
			rows.riderReceipt = func(
				ctx context.Context, _ dispatch.RiderID, id dispatch.RideID,
			) (dispatch.ReceiptRows, error) {
				return db.RideReceipt(ctx, id)
			}
		},
		"NobodysRide": func(rows *ownRows) { // "" owns the street rides
			rows.riderRide = func(
				ctx context.Context, rider dispatch.RiderID, id dispatch.RideID,
			) (dispatch.Ride, error) {
				r, err := rideToAnybody(ctx, db, id)
				if err == nil && r.Rider == rider {
					return r, nil
				}
				return db.RiderRide(ctx, rider, id)
			}
		},
	}
}

// driverMutants are those of drivers.
func driverMutants(db Database) map[string]func(*ownRows) {
	return map[string]func(*ownRows){
		"DriverRide": func(rows *ownRows) {
			rows.driverRide = func(
				ctx context.Context, _ dispatch.DriverID, id dispatch.RideID,
			) (dispatch.Ride, error) {
				return rideToAnybody(ctx, db, id)
			}
		},
		"DriverRides": func(rows *ownRows) {
			rows.driverRides = func(
				ctx context.Context, _ dispatch.DriverID, p dispatch.Page,
			) ([]dispatch.Ride, error) {
				return db.CityRides(ctx, city, 0, p)
			}
		},
		"Earnings": func(rows *ownRows) {
			rows.earnings = func(
				ctx context.Context, _ dispatch.DriverID, from, to time.Time,
			) (dispatch.Earnings, error) {
				return db.Earnings(ctx, formerDriver, from, to)
			}
		},
		"RideContact": func(rows *ownRows) {
			rows.rideContact = func(
				ctx context.Context, _ dispatch.DriverID, id dispatch.RideID,
			) (dispatch.Rider, error) {
				r, err := rideToAnybody(ctx, db, id)
				if err != nil {
					return dispatch.Rider{}, err
				}
				return db.RideContact(ctx, r.Driver, id)
			}
		},
		"DriverOffer": func(rows *ownRows) {
			rows.driverOffer = func(
				ctx context.Context, _ dispatch.DriverID, id dispatch.OfferID,
			) (dispatch.Offer, dispatch.Ride, error) {
				return offerToAnybody(ctx, db, id)
			}
		},
		"EndedOffer": func(rows *ownRows) { // whoever was asked once may look on
			rows.driverOffer = func(
				ctx context.Context, driver dispatch.DriverID, id dispatch.OfferID,
			) (dispatch.Offer, dispatch.Ride, error) {
				o, r, err := offerToAnybody(ctx, db, id)
				if err == nil && o.Driver == driver {
					return o, r, nil
				}
				return db.DriverOffer(ctx, driver, id)
			}
		},
	}
}

// rideToAnybody reads a ride, whoever asks.
func rideToAnybody(
	ctx context.Context, db Database, id dispatch.RideID,
) (r dispatch.Ride, err error) {
	err = db.Tx(ctx, func(tx dispatch.Tx) (err error) {
		r, err = tx.Ride(id)
		return err
	})
	return r, err
}

// offerToAnybody reads an offer and its ride, whoever asks.
func offerToAnybody(
	ctx context.Context, db Database, id dispatch.OfferID,
) (o dispatch.Offer, r dispatch.Ride, err error) {
	err = db.Tx(ctx, func(tx dispatch.Tx) error {
		all, err := tx.ChangedOffers(city, noon)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(o dispatch.Offer) bool { return o.ID == id })
		o = all[i]
		r, err = tx.Ride(o.Ride)
		return err
	})
	return o, r, err
}
