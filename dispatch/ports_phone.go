package dispatch

// Phones are where riders' phones were during the drive.
type Phones interface {
	// PutWhereabouts writes those of a ride, in place of what was there, unless that is of a drive
	// that is over.
	PutWhereabouts(w Whereabouts) error
	// Whereabouts are those of a ride; zero if its rider's phone has told nothing.
	Whereabouts(ride RideID) (Whereabouts, error)
}
