package driver

import (
	"testing"
	"time"

	"hexhail/geo"
	"hexhail/pb/hexhail/driver/v1"
)

// atStation is in the zone of Beijing's West Station.
var atStation = geo.Point{Lat: 39.895, Lng: 116.315}

func (p *phone) awaitRank(rank, length int32) *driverpb.StandRank {
	p.t.Helper()
	return await(p, "a rank", (*driverpb.DriveResponse).GetStandRank,
		func(r *driverpb.StandRank) bool { return r.GetRank() == rank && r.GetLength() == length })
}

// waitAt stands in a queue, with a fix again and again, until the rank is told: a single one may be
// seen before the engine has heard that the driver is on duty.
func (p *phone) waitAt(at geo.Point, rank, length int32) *driverpb.StandRank {
	p.t.Helper()
	told := func(r *driverpb.StandRank) bool {
		return r.GetRank() == rank && r.GetLength() == length
	}
	for range 50 {
		if find(p, (*driverpb.DriveResponse).GetStandRank, told) != nil {
			break
		}
		p.drive(at)
		time.Sleep(100 * time.Millisecond)
	}
	return p.awaitRank(rank, length)
}

// TestPhonesAreToldTheirRank: as taxis come and go, over the stream and in snapshots.
func TestPhonesAreToldTheirRank(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.enrol(2)
	a, b := w.phone(0), w.phone(1)
	a.onDuty()
	r := a.waitAt(atStation, 1, 1)
	if r.GetStandId() != "west-station" || r.GetNameZh() != "北京西站" || !r.GetServesOutside() ||
		r.GetEnteredAt() == nil || r.GetAt() == nil {
		t.Errorf("told %v", r)
	}
	b.onDuty()
	b.waitAt(atStation, 2, 2)
	a.do(duty(driverpb.Duty_DUTY_PAUSED))
	a.awaitRank(0, 1)
	b.awaitRank(1, 1)
	if s := b.again(); s.GetStandRank().GetRank() != 1 || s.GetStandRank().GetNameZh() != "北京西站" {
		t.Errorf("the snapshot has %v", s.GetStandRank())
	}
	got, err := driverpb.NewDriverServiceClient(b.conn).GetSnapshot(
		w.as(b.driver), &driverpb.GetSnapshotRequest{})
	check(t, err)
	if got.GetSnapshot().GetStandRank().GetLength() != 1 {
		t.Errorf("GetSnapshot has %v", got.GetSnapshot().GetStandRank())
	}
	if s := a.again(); s.GetStandRank() != nil {
		t.Errorf("the snapshot of who has left has %v", s.GetStandRank())
	}
}
