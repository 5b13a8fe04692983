package sim

import (
	"time"

	"hexhail/dispatch"
)

// giveBack is a driver on the way who does not want the ride any more.
func (d *driver) giveBack(v *virtual) error {
	word := dispatch.DriveRide{Ride: d.ride, Driver: d.id, Reason: "driver changed their mind"}
	if _, err := v.desk.Release(v.ctx, v.now, d.once(v, "release"), word); err != nil {
		return d.refused(v, err)
	}
	d.leave(v.now)
	return nil
}

// notThere is a driver who has waited in vain.
func (d *driver) notThere(v *virtual) error {
	word := dispatch.DriveRide{Ride: d.ride, Driver: d.id}
	if _, err := v.desk.NoShow(v.ctx, v.now, d.once(v, "no_show"), word); err != nil {
		return d.refused(v, err)
	}
	d.leave(v.now)
	return nil
}

// breakDown is a taxi that cannot go on: the rider gets out and is searched for anew from there,
// nothing is charged for the way so far, and the driver is off duty for the rest of the run.
func (d *driver) breakDown(v *virtual) error {
	d.stopLoaded(v)
	if err := d.flush(v); err != nil {
		return err
	}
	v.riders[d.rider].stranded(d.pos, v.now.Sub(d.legAt))
	// Nobody else can end a ride with the rider on board: a refusal is a bug and ends the run.
	_, err := v.desk.BreakDown(v.ctx, v.now, d.once(v, "break_down"), dispatch.DriveRide{
		Ride: d.ride, Driver: d.id, At: dispatch.Place{Point: d.pos},
	})
	if err != nil {
		return err
	}
	d.ride = ""
	d.goOff(v)
	_, err = v.desk.SetDuty(v.ctx, v.now, d.once(v, "duty"), dispatch.SetDuty{
		Driver: d.id, Taxi: d.taxi, Duty: dispatch.OffDuty,
	})
	return err
}

// goOff ends the shift.
func (d *driver) goOff(v *virtual) {
	d.phase = offDuty
	d.serial++
	d.dutyS += v.within(d.onAt, v.now)
	d.onAt = time.Time{}
}
