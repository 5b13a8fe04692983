package sim

import "time"

// giveBack is a driver on the way who does not want the ride any more.
func (d *driver) giveBack(c *crowd) error {
	return d.give(c, command{
		deed: released, errand: d.job, reason: "driver changed their mind",
	})
}

// notThere is a driver who has waited in vain.
func (d *driver) notThere(c *crowd) error {
	return d.give(c, command{deed: inVain, errand: d.job})
}

// breakDown is a taxi that cannot go on: the rider gets out and is searched for anew from there,
// nothing is charged for the way so far, and the driver is off duty for the rest of the run.
func (d *driver) breakDown(c *crowd) error {
	if err := d.stopLoaded(c); err != nil {
		return err
	}
	if d.job.rider != nobody {
		c.riders[d.job.rider].stranded(d.pos, c.now.Sub(d.legAt))
	}
	d.phase = atEnd
	return d.give(c, command{deed: broken, errand: d.job, place: d.pos})
}

// goOff ends the shift.
func (d *driver) goOff(c *crowd) {
	d.phase = offDuty
	d.serial++
	d.hush()
	d.dutyS += c.within(d.onAt, c.now)
	d.onAt = time.Time{}
}
