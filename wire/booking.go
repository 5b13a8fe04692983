package wire

import (
	"hexhail/dispatch"
	"hexhail/pb/hexhail/type/v1"
)

// bookingPB is nil for a ride that is not booked.
func bookingPB(r dispatch.Ride) *typepb.Booking {
	if r.Kind != dispatch.BookedRide {
		return nil
	}
	b := r.Booking
	pb := &typepb.Booking{
		PickupAt: TimePB(b.PickupAt), Terminal: b.Terminal, FlightAt: TimePB(b.FlightAt),
		FeeFen: int64(b.Fee), OpenAt: TimePB(r.First.OpenAt), RemindedAt: TimePB(b.RemindedAt),
		HandingOver: b.HandOver.Open(), HandedOverAt: TimePB(b.HandOver.At),
	}
	if b.Flight.Number != "" {
		pb.Flight = &typepb.Flight{Number: b.Flight.Number, Day: b.Flight.Day}
	}
	return pb
}

// FlightOf is a flight of a message; the zero Flight for nil.
func FlightOf(f *typepb.Flight) dispatch.Flight {
	return dispatch.Flight{Number: f.GetNumber(), Day: f.GetDay()}
}
