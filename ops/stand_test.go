package ops_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/ops/v1"
)

func TestStands(t *testing.T) {
	e := newEdge(t, sandbox)
	ctx := e.ops()
	e.ok(e.db.Tx(ctx, func(tx dispatch.Tx) error {
		for i := range 5 {
			if err := tx.PutTurn(dispatch.Turn{
				Driver: dispatch.DriverID(fmt.Sprint("D", i)),
				Taxi:   dispatch.TaxiID(fmt.Sprint("T", i)),
				City:   e.city.ID, Stand: "capital-t3", Order: int64(10 - i),
				EnteredAt: e.now.Add(-time.Hour), OrderedAt: e.now,
			}); err != nil {
				return err
			}
		}
		return nil
	}))
	list, err := e.ListStands(ctx, &opspb.ListStandsRequest{City: "beijing"})
	e.ok(err)
	if len(list.GetStands()) != len(e.city.Stands) {
		t.Fatalf("%d stands, want %d", len(list.GetStands()), len(e.city.Stands))
	}
	if s := list.GetStands()[0]; s.GetId() != "capital-t3" || s.GetTaxis() != 5 ||
		s.GetNameZh() == "" || !strings.Contains(s.GetNote(), "ough") ||
		!strings.Contains(s.GetRulesJson(), `"exit_fixes":3`) {
		t.Errorf("the first stand is %v", s)
	}
	var drivers []string
	in := &opspb.ListStandTaxisRequest{City: "beijing", StandId: "capital-t3", PageSize: 2}
	for {
		page, err := e.ListStandTaxis(ctx, in)
		e.ok(err)
		for _, taxi := range page.GetTaxis() {
			drivers = append(drivers, taxi.GetDriverId())
		}
		if in.PageToken = page.GetNextPageToken(); in.PageToken == "" {
			break
		}
	}
	if got := strings.Join(drivers, " "); got != "D4 D3 D2 D1 D0" {
		t.Errorf("the queue is %s", got)
	}
	_, err = e.ListStands(ctx, &opspb.ListStandsRequest{City: "atlantis"})
	e.refused(err, codes.NotFound, dispatch.ReasonUnknownCity)
	_, err = e.ListStandTaxis(ctx, &opspb.ListStandTaxisRequest{City: "beijing", StandId: "moon"})
	e.refused(err, codes.NotFound, dispatch.ReasonUnknownStand)
}
