package wire

import (
	"testing"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/type/v1"
)

// TestCauses: every cause has a number of its own, and comes back; what is none is "".
func TestCauses(t *testing.T) {
	for number, name := range typepb.ComplaintCause_name {
		cause := CauseOf(typepb.ComplaintCause(number))
		if (cause == "") != (number == 0) {
			t.Errorf("%s is %q", name, cause)
		}
		if got := CausePB(cause); got != typepb.ComplaintCause(number) {
			t.Errorf("%s comes back as %s", name, got)
		}
	}
	if n := len(typepb.ComplaintCause_name); n != len(dispatch.RiderCauses())+2 {
		t.Errorf("%d causes in the schema", n)
	}
	for _, none := range []typepb.ComplaintCause{-1, 99} {
		if got := CauseOf(none); got != "" {
			t.Errorf("%d is %q", none, got)
		}
	}
}

// TestComplaintWords: each side reads its own words, ops all; who has decided stays inside.
func TestComplaintWords(t *testing.T) {
	for _, by := range []dispatch.Side{dispatch.SideRider, dispatch.SideDriver} {
		c := dispatch.Complaint{
			By: by, Text: "rude", Contest: "it was not so", Note: "by the trace",
			State: dispatch.ComplaintUpheld,
		}
		for reader, want := range map[dispatch.Side][2]string{
			0: {"rude", "it was not so"}, by: {"rude", ""}, 3 - by: {"", "it was not so"},
		} {
			got := ComplaintPB(c, reader)
			if got.GetText() != want[0] || got.GetContest() != want[1] ||
				got.GetNote() != "by the trace" || ComplaintSideOf(got.GetBy()) != by {
				t.Errorf("%s's to %q: %v", by, reader, got)
			}
		}
	}
}
