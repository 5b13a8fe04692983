package rider

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/wire"
)

// How taxis nearby are blurred.
const (
	// fieldRes is the resolution of the fields: hexagons 131 to 152 m across.
	fieldRes = 10
	// nameBytes of the keyed hash name a taxi: with 96 bits no two of a city's taxis share one.
	nameBytes = 12
	// pickupStep is what a pickup time is rounded up to. Two quotes from different places, exact
	// to the second, would tell where the nearest taxi is to some metres.
	pickupStep = time.Minute
)

// blur hides which taxi is where. A taxi is shown in the middle of its field, under a keyed hash of
// rider, hour, taxi and field: the same name comes back as long as the taxi stands in that field,
// and for this rider and this hour only. As the field is in the hash, nobody can follow a taxi out
// of it by its name, and as the key is the process's own, nobody can make the names elsewhere.
//
// What it cannot hide is that a lone taxi in an empty district is the same one as a minute before.
type blur struct{ key [32]byte }

// field is the middle of the field that a point is in.
func field(p geo.Point) (geo.Cell, geo.Point, error) {
	cell, err := geo.CellOf(p, fieldRes)
	if err != nil {
		return 0, geo.Point{}, err
	}
	middle, err := cell.Center()
	return cell, middle, err
}

// shown is a blurred taxi.
type shown struct {
	name string
	at   geo.Point
	farM float64 // of the field's middle
}

// taxis blurs what an engine has found near a point. The order is that of the blurred places, and
// of the names within a field: it tells nothing of the true ones.
func (b *blur) taxis(
	rider dispatch.RiderID, from geo.Point, near []dispatch.NearTaxi, now time.Time,
) []*riderpb.NearbyTaxi {
	all := make([]shown, 0, dispatch.MaxNearby)
	for _, t := range near[:min(len(near), dispatch.MaxNearby)] {
		cell, middle, err := field(t.At)
		if err != nil {
			continue // no place on earth: there is nothing to show
		}
		all = append(all, shown{
			name: b.name(rider, t.Taxi, cell, now), at: middle, farM: geo.DistanceM(from, middle),
		})
	}
	slices.SortFunc(all, func(x, y shown) int {
		return cmp.Or(cmp.Compare(x.farM, y.farM), cmp.Compare(x.name, y.name))
	})
	out := make([]*riderpb.NearbyTaxi, len(all))
	for i, t := range all {
		out[i] = &riderpb.NearbyTaxi{Name: t.name, Point: wire.PointPB(t.at)}
	}
	return out
}

// name is the hash under which a rider sees a taxi in a field in the hour of now.
func (b *blur) name(
	rider dispatch.RiderID, taxi dispatch.TaxiID, cell geo.Cell, now time.Time,
) string {
	const fixed, hour = 24, 3600
	msg := make([]byte, 0, fixed+len(rider)+len(taxi))
	msg = binary.BigEndian.AppendUint64(msg, uint64(cell))
	msg = binary.BigEndian.AppendUint64(msg, uint64(now.Unix()/hour)) //nolint:gosec // only hashed
	msg = binary.BigEndian.AppendUint64(msg, uint64(len(rider)))      // where the taxi begins
	msg = append(append(msg, rider...), taxi...)
	mac := hmac.New(sha256.New, b.key[:])
	mac.Write(msg)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:nameBytes])
}
