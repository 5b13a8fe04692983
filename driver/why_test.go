package driver

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/wire"
)

// TestGetWhy: a driver is told of the rides that were near, and nothing of them that is the
// rider's.
func TestGetWhy(t *testing.T) {
	w := newRows(t)
	w.openBus()
	w.startServer(func(c *Config) {
		c.LiveLog = func(
			_ context.Context, city dispatch.CityID, driver dispatch.DriverID,
		) (dispatch.DriverLog, bool, error) {
			now := w.clock.Now()
			return dispatch.DriverLog{
				Driver: driver, City: city, From: now.Add(-time.Hour), Until: now,
				Spent: []dispatch.PresenceTime{{Presence: dispatch.DriverIdle, MS: 3_600_000}},
				Changes: []dispatch.PresenceChange{{
					At: now.Add(-time.Hour), Presence: dispatch.DriverIdle,
				}},
				Rides: 1, Verdicts: []dispatch.VerdictCount{
					{Verdict: dispatch.BetterElsewhere, Rides: 1},
				},
				Seen: []dispatch.Sighting{{
					Ride: "secret-ride", At: now.Add(-time.Minute), PickupM: 60606, PickupS: 95,
					Verdict: dispatch.BetterElsewhere,
				}},
			}, true, nil
		}
	})
	w.enrol(1)
	at := w.at(0, 0)
	check(t, w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		return tx.InsertRide(dispatch.Ride{
			ID: "secret-ride", City: w.city.ID, Kind: dispatch.Hailed, State: dispatch.Searching,
			Version: 1, Search: 1, Rider: "secret-rider", Seats: 1, PayBy: "cash",
			Pickup:      dispatch.Place{Point: at, Name: "secret-gate", Note: "secret-note"},
			RequestedAt: w.clock.Now(), SearchBy: w.clock.Now().Add(time.Hour),
		})
	}))
	client, ctx := driverpb.NewDriverServiceClient(w.dial()), w.as(driverID(0))
	got, err := client.GetWhy(ctx, &driverpb.GetWhyRequest{
		From: timestamppb.New(w.clock.Now().Add(-time.Hour)),
	})
	check(t, err)
	if got.GetPresence() != "idle" || got.GetRides() != 1 || len(got.GetSeen()) != 1 ||
		got.GetHindrance() != "quiet_place" || got.GetSeen()[0].GetPickupSeconds() != 120 {
		t.Errorf("%v", got)
	}
	if text := protojson.Format(got); strings.Contains(text, "secret") ||
		strings.Contains(text, "60606") {
		t.Error(text)
	}
	near, err := wire.PointOf(got.GetSeen()[0].GetNear())
	check(t, err)
	if m := geo.DistanceM(near, at); m == 0 || m > 700 {
		t.Errorf("the place is blurred by %.0f m", m)
	}
	_, err = client.GetWhy(ctx, &driverpb.GetWhyRequest{
		From: timestamppb.New(w.clock.Now().Add(-48 * time.Hour)),
	})
	if code, _ := reasonOf(err); code != codes.InvalidArgument {
		t.Errorf("two days: %v", err)
	}
}
