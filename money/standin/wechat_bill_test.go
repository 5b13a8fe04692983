package standin

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hexhail/money"
)

// TestFaultyRows: ten rows each are missing, changed and made up, none of them twice, so that who
// compares a bill of 100,000 rows has exactly 30 differences to find.
func TestFaultyRows(t *testing.T) {
	for _, n := range []int{30, 31, 999, 100_000} {
		rows := make([]money.BillRow, n)
		for i := range rows {
			rows[i] = money.BillRow{
				Kind: money.NoticeCharge, Order: fmt.Sprint("ours", i), Trade: fmt.Sprint(i),
				Amount: 2300, At: noon.Add(time.Duration(i) * time.Millisecond),
			}
		}
		whole := slices.Clone(rows)
		got := map[string]money.BillRow{}
		for _, row := range FaultyRows(rows, BillMissing, BillExtra, BillChanged) {
			if _, twice := got[row.Order]; twice {
				t.Fatalf("%d rows: %s is there twice", n, row.Order)
			}
			got[row.Order] = row
		}
		var missing, changed int
		for _, row := range whole {
			is, there := got[row.Order]
			delete(got, row.Order)
			switch {
			case !there:
				missing++
			case is != row:
				changed++
			}
		}
		if missing != faultyRows || changed != faultyRows || len(got) != faultyRows {
			t.Errorf("%d rows: %d missing, %d changed, %d extra", n, missing, changed, len(got))
		}
		if !slices.Equal(rows, whole) {
			t.Errorf("%d rows: they were changed in place", n)
		}
	}
}
