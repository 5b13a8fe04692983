package dispatch

import "hexhail/geo"

// leavesQueue refuses a ride from elsewhere to a driver in the queue of a stand that keeps its
// taxis: Conflict with ReasonAtStand.
func (j *job) leavesQueue(city City, driver DriverID, pickup geo.Point) error {
	rank, ok, err := j.tx.StandRank(driver)
	if err != nil || !ok || rank.City != city.ID {
		return err
	}
	stand, err := city.Stand(rank.Stand)
	if err != nil || stand.Serves(pickup) {
		return nil // the row of a stand that is no more binds nobody
	}
	return Errorf(Conflict, ReasonAtStand,
		"driver %s is in the queue of %s, which serves its own rides only", driver, stand.ID)
}
