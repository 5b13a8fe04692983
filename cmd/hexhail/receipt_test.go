package main

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	driverpb "hexhail/pb/hexhail/driver/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
)

// TestReceiptCommand: the command prints what the rider reads, in either language, and the number
// that the driver has typed.
func TestReceiptCommand(t *testing.T) {
	t.Parallel()
	r := openRealm(t)
	c := paidRide(t, r)
	_, err := driverpb.NewDriverServiceClient(c.conn()).AddReceiptNumber(c.as(driverOne),
		&driverpb.AddReceiptNumberRequest{
			RequestId: "n", RideId: string(c.ride), Number: "02468135", Code: "111001360011",
		})
	c.ok(err)
	_, err = riderpb.NewRiderServiceClient(c.conn()).AddReceiptNumber(c.as(riderOne),
		&riderpb.AddReceiptNumberRequest{
			RequestId: "n", RideId: string(c.ride), Number: "02468136",
		})
	if status.Code(err) != codes.FailedPrecondition {
		t.Errorf("the rider's own number: %v", err)
	}
	for lang, want := range map[string]string{
		"zh": "发票号码：02468135", "en": "Number of the printed receipt: 02468135",
	} {
		answer, err := riderpb.NewRiderServiceClient(c.conn()).GetReceipt(c.as(riderOne),
			&riderpb.GetReceiptRequest{RideId: string(c.ride), Language: lang})
		c.ok(err)
		code, stdout, stderr := hexhail(t.Context(), "receipt", string(c.ride), "--lang", lang,
			"--data-dir", r.service.config.DataDir)
		if code != exitOK || stdout != answer.GetReceipt().GetText() ||
			!strings.Contains(stdout, want) {
			t.Errorf("%s: code %d, %s%s\nthe rider reads\n%s", lang, code, stdout, stderr,
				answer.GetReceipt().GetText())
		}
	}
	for _, bad := range [][]string{{"receipt"}, {"receipt", "x", "--lang", "fr"}} {
		if code, _, _ := hexhail(t.Context(), bad...); code != exitUsage {
			t.Errorf("%v ends with %d", bad, code)
		}
	}
	if code, _, stderr := hexhail(t.Context(), "receipt", "none", "--data-dir",
		r.service.config.DataDir); code != exitFailed || !strings.Contains(stderr, "no ride none") {
		t.Errorf("code %d, %s", code, stderr)
	}
}
