package wire

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
)

var update = flag.Bool("update", false, "write docs/errors.md anew")

// root is the module's folder, seen from here.
const root = ".."

// sources parses the Go files of a folder that are not tests.
func sources(t *testing.T, folder string) (files []*ast.File) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") ||
			strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		files = append(files, file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// reasonsIn are the constants of type Reason by name.
func reasonsIn(t *testing.T, folder string) map[string]dispatch.Reason {
	found := map[string]dispatch.Reason{}
	for _, file := range sources(t, folder) {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Reason") {
				return true
			}
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				text, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				found[spec.Names[0].Name] = dispatch.Reason(text)
			}
			return true
		})
	}
	return found
}

func allReasons(t *testing.T) map[string]dispatch.Reason {
	all := reasonsIn(t, ".")
	for name, reason := range reasonsIn(t, filepath.Join(root, "dispatch")) {
		all[name] = reason
	}
	return all
}

func TestTheTableHasEveryReasonOnce(t *testing.T) {
	all := allReasons(t)
	if len(all) < 45 {
		t.Fatalf("found only %d reasons in the sources", len(all))
	}
	known := map[dispatch.Reason]bool{}
	for _, reason := range all {
		known[reason] = true
	}
	seen := map[dispatch.Reason]bool{}
	for _, row := range ErrorTable() {
		if seen[row.Reason] || !known[row.Reason] {
			t.Errorf("%s is twice in the table, or nowhere else", row.Reason)
		}
		seen[row.Reason] = true
		if row.EN == "" || row.ZH == "" || row.Code == codes.OK || row.Code == codes.Unknown {
			t.Errorf("%s: the row is not complete: %+v", row.Reason, row)
		}
		if row.Retry != (row.After > 0) {
			t.Errorf("%s: retry %v after %v", row.Reason, row.Retry, row.After)
		}
		if len(row.Reason) > 63 || strings.ToUpper(string(row.Reason)) != string(row.Reason) {
			t.Errorf("%s is not UPPER_SNAKE of at most 63 characters", row.Reason)
		}
	}
	for name, reason := range all {
		if !seen[reason] {
			t.Errorf("%s (%s) has no row", name, reason)
		}
	}
}

// TestNobodyContradictsTheTable looks at every place in the module where an error is made with both
// a kind or a code and a reason: it has to come out with the code that the docs tell.
func TestNobodyContradictsTheTable(t *testing.T) {
	all := allReasons(t)
	otherwise := map[string]codes.Code{ // same reason, another kind
		"NotFound ReasonPayment":  codes.NotFound,
		"NotFound ReasonCampaign": codes.NotFound,
		"NotFound ReasonBill":     codes.NotFound,
	}
	checked := 0
	for _, room := range []string{"dispatch", "store", "wire", "rider", "driver", "ops", "bus"} {
		for _, file := range sources(t, filepath.Join(root, room)) {
			ast.Inspect(file, func(n ast.Node) bool {
				how, why, ok := refusalIn(n)
				if !ok || how == "Internal" || why == "Reason" { // the last is a variable
					return true
				}
				row, ok := rowByReason[all[why]]
				if !ok {
					t.Errorf("%s: %s %s is in no table", room, how, why)
					return true
				}
				want := row.Code
				if code, ok := otherwise[how+" "+why]; ok {
					want = code
				}
				if got := codeFor(how, row.Reason); got != want {
					t.Errorf("%s: %s %s comes out as %v, want %v", room, how, why, got, want)
				}
				checked++
				return true
			})
		}
	}
	if checked < 40 {
		t.Errorf("found only %d errors that are made", checked)
	}
}

// refusalIn finds the first two of Errorf(kind, reason, …), Refuse(code, reason, …) and
// RefuseFor(after, code, reason, …).
func refusalIn(n ast.Node) (how, why string, ok bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return "", "", false
	}
	args := call.Args
	switch lastName(call.Fun) {
	case "Errorf", "Refuse":
	case "RefuseFor":
		args = args[1:]
	default:
		return "", "", false
	}
	if len(args) < 2 || !strings.HasPrefix(lastName(args[1]), "Reason") {
		return "", "", false
	}
	return lastName(args[0]), lastName(args[1]), true
}

func lastName(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	default:
		return ""
	}
}

// codeFor is the code of an error made with a kind or a code of that name.
func codeFor(how string, reason dispatch.Reason) codes.Code {
	for kind := dispatch.Internal; kind <= dispatch.CallerGone; kind++ {
		if strings.EqualFold(strings.ReplaceAll(kind.String(), "_", ""), how) {
			return Status(dispatch.Errorf(kind, reason, "x")).Code()
		}
	}
	for code := codes.OK; code <= codes.Unauthenticated; code++ {
		if code.String() == how {
			return Status(Refuse(code, reason, "x")).Code()
		}
	}
	return codes.OK
}

// TestThePageOfErrors keeps docs/errors.md the same as the table: go test ./wire -run PageOfErrors
// -update writes it.
func TestThePageOfErrors(t *testing.T) {
	path := filepath.Join(root, "docs", "errors.md")
	want := errorPage()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the table says; run the test with -update", path)
	}
}

// errorIntro begins the page; ~ is a backquote.
const errorIntro = `# Why a call is refused

Every error carries ~google.rpc.ErrorInfo~ with one of these reasons and the domain ~hexhail~, two
~google.rpc.LocalizedMessage~ (en, zh-CN) for people, ~google.rpc.BadRequest~ where a field is
wrong, ~google.rpc.RetryInfo~ where the same call may succeed later (after at least the time given
here, if it says no other), and ~google.rpc.RequestInfo~ with the id under which the call is in the
server's log. The status's message is for developers: it names the field and the limit. Within a
stream ~hexhail.type.v1.Error~ says the same in plain fields.

The code is the usual one. Where the same thing is wrong in another way (a payment that does not
exist instead of one that is paid) the code says so. A message of more than 256 KiB is not
read at all: the call ends with ~ResourceExhausted~ and no details.

This page is made from the table in the code: ~go test ./wire -run PageOfErrors -update~.

| reason | code | retry | English | 中文 |
|---|---|---|---|---|
`

func errorPage() []byte {
	var page bytes.Buffer
	page.WriteString(strings.ReplaceAll(errorIntro, "~", "`"))
	for _, row := range ErrorTable() {
		retry := "no"
		if row.Retry {
			retry = "after " + row.After.String()
		}
		fmt.Fprintf(&page, "| %s | %v | %s | %s | %s |\n",
			row.Reason, row.Code, retry, row.EN, row.ZH)
	}
	return page.Bytes()
}

// judged is an error and what a client is told of it.
type judged struct {
	err    error
	code   codes.Code
	reason dispatch.Reason
	text   string
	field  string
	retry  time.Duration
}

// errHidden is what no client may read.
var errHidden = errors.New("disk /var/lib/secret is full")

// badValues name a field.
func badValues() map[string]judged {
	field := dispatch.BadField("seats", "1 to 8")
	invalid := func(err error, reason dispatch.Reason, text, field string) judged {
		return judged{err, codes.InvalidArgument, reason, text, field, 0}
	}
	return map[string]judged{
		"field": invalid(field, dispatch.ReasonField, "seats must be 1 to 8", "seats"),
		"wrapped": invalid(fmt.Errorf("secret: %w", field), dispatch.ReasonField,
			"seats must be 1 to 8", "seats"),
		"point": invalid(geo.Point{Lat: 91}.Check(), dispatch.ReasonPosition,
			"geo: lat 91 is not in [-90, 90]", "lat"),
		"place": invalid(dispatch.Place{Point: geo.Point{Lng: 200}}.Check("pickup"),
			dispatch.ReasonPosition, "pickup: geo: lng 200 is not in [-180, 180]", "pickup.lng"),
		"payee": invalid(&money.PayeeError{Must: "a card of 16 to 19 digits"}, dispatch.ReasonField,
			"account must be a card of 16 to 19 digits", "account"),
		"bank's file": invalid(&money.BankFileError{Line: 3, Why: "no result"},
			dispatch.ReasonBankFile, "bank results, line 3: no result", "file"),
		"campaign": invalid(&money.CampaignError{Field: "cap", Limit: "above 0"},
			dispatch.ReasonCampaign, "campaign: cap must be above 0", "cap"),
		"schema": invalid(
			Validate(&riderpb.RateRideRequest{RequestId: "a", RideId: "b", Stars: 6}),
			dispatch.ReasonField,
			"stars: must be greater than or equal to 1 and less than or equal to 5", "stars"),
		"schema, nothing given": invalid(
			Validate(&riderpb.RateRideRequest{RideId: "b", Stars: 5}),
			dispatch.ReasonField, "request_id: must be given", "request_id"),
		"schema, no datum": invalid(
			Validate(&typepb.Point{Lat: 39, Lng: 116}), dispatch.ReasonField,
			"datum: must be given", "datum"),
		"schema, in a list": invalid(
			Within("messages", 3, Validate(&riderpb.RateRideRequest{RequestId: "a", Stars: 5})),
			dispatch.ReasonField, "messages[3].ride_id: must be given", "messages[3].ride_id"),
		"schema, a pattern": invalid(
			Validate(&riderpb.SetPayPinRequest{RequestId: "a", NewPin: "12"}),
			dispatch.ReasonField, "new_pin: must be 6 digits, or empty", "new_pin"),
		"in a list": invalid(Within("messages", 3, field), dispatch.ReasonField,
			"messages[3].seats must be 1 to 8", "messages[3].seats"),
		"in a list, no field": invalid(
			Within("messages", 3, dispatch.Errorf(dispatch.Invalid, dispatch.ReasonField, "no")),
			dispatch.ReasonField, "messages[3]: no", ""),
		"a text that only sounds like a field": invalid(
			dispatch.Errorf(dispatch.Invalid, dispatch.ReasonField, "who asks must be polite"),
			dispatch.ReasonField, "who asks must be polite", ""),
		"private cause": invalid(&dispatch.Error{
			Kind: dispatch.Invalid, Reason: dispatch.ReasonField, Text: "command", Cause: errHidden,
		}, dispatch.ReasonField, "command", ""),
	}
}

// badMoments are what the state of the world does not allow.
func badMoments() map[string]judged {
	of := func(
		kind dispatch.Kind, code codes.Code, reason dispatch.Reason, retry time.Duration,
	) judged {
		return judged{dispatch.Errorf(kind, reason, "ride R1"), code, reason, "ride R1", "", retry}
	}
	return map[string]judged{
		"of a field": {
			&dispatch.Error{
				Kind: dispatch.Conflict, Reason: dispatch.ReasonPINNeeded, Text: "too much",
				Field: "pay_pin", Limit: "given above 20000 fen",
			}, codes.FailedPrecondition, dispatch.ReasonPINNeeded, "too much", "pay_pin", 0,
		},
		"not found": of(dispatch.NotFound, codes.NotFound, dispatch.ReasonUnknownRide, 0),
		"conflict":  of(dispatch.Conflict, codes.FailedPrecondition, dispatch.ReasonStep, 0),
		"lost race": of(dispatch.Conflict, codes.Aborted, dispatch.ReasonStale,
			100*time.Millisecond),
		"exhausted": of(dispatch.Exhausted, codes.ResourceExhausted, dispatch.ReasonTooManyRides,
			5*time.Second),
		"denied": of(dispatch.Denied, codes.PermissionDenied, dispatch.ReasonUnknownRide, 0),
		"poor": {
			&money.LimitError{Account: "wallet", Amount: 100}, codes.FailedPrecondition,
			dispatch.ReasonLedgerLimit, "ledger: wallet has less than 1.00 yuan", "", 0,
		},
	}
}

// broken are what the caller can do nothing about, and is not told more of.
func broken() map[string]judged {
	store := func(kind dispatch.Kind, cause error) error {
		return &dispatch.Error{
			Kind: kind, Reason: dispatch.ReasonStore, Text: "secret", Cause: cause,
		}
	}
	internal := func(err error) judged {
		return judged{err, codes.Internal, ReasonInternal, "internal error", "", 0}
	}
	gone := func(err error) judged {
		return judged{err, codes.Canceled, ReasonCallerGone, "the call was cancelled", "", 0}
	}
	late := func(err error) judged {
		return judged{
			err, codes.DeadlineExceeded, ReasonDeadline, "the time for this call was up", "",
			time.Second,
		}
	}
	return map[string]judged{
		"store away": {
			store(dispatch.Unavailable, errHidden), codes.Unavailable, dispatch.ReasonStore,
			"the service is not available", "", time.Second,
		},
		"internal":               internal(store(dispatch.Internal, errHidden)),
		"unknown":                internal(errHidden),
		"gRPC internal":          internal(status.Error(codes.Internal, "secret")),
		"cancelled":              gone(fmt.Errorf("secret: %w", context.Canceled)),
		"cancelled in the store": gone(store(dispatch.Internal, context.Canceled)),
		"caller gone":            gone(store(dispatch.CallerGone, nil)),
		"gRPC cancelled":         gone(status.Error(codes.Canceled, "secret")),
		"deadline":               late(context.DeadlineExceeded),
		"deadline in the store":  late(store(dispatch.Unavailable, context.DeadlineExceeded)),
	}
}

// atTheEdge are refusals of our own and of gRPC's services.
func atTheEdge() map[string]judged {
	return map[string]judged{
		"refusal": {
			RefuseFor(time.Minute, codes.Unavailable, ReasonDraining, "node %s drains", "n1"),
			codes.Unavailable, ReasonDraining, "node n1 drains", "", time.Minute,
		},
		"a reason of tomorrow": {
			Refuse(codes.Aborted, "NEW_REASON", "new"), codes.Aborted, "NEW_REASON", "new", "", 0,
		},
		"gRPC not found": {
			status.Error(codes.NotFound, "unknown service"), codes.NotFound, ReasonRefused,
			"unknown service", "", 0,
		},
	}
}

func TestStatusOfEveryKindOfError(t *testing.T) {
	cases := badValues()
	maps.Copy(cases, badMoments())
	maps.Copy(cases, broken())
	maps.Copy(cases, atTheEdge())
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for _, err := range []error{c.err, Fail(c.err), fmt.Errorf("at the edge: %w", c.err)} {
				c.checkStatus(t, Status(err))
				c.checkPB(t, ErrorPB(err))
			}
		})
	}
}

func (c judged) checkStatus(t *testing.T, st *status.Status) {
	t.Helper()
	d := refusedFor(t, st.Err(), c.code, c.reason)
	if st.Message() != c.text || strings.Contains(st.String(), "secret") {
		t.Errorf("text %q, want %q; all of it: %v", st.Message(), c.text, st)
	}
	if d.retry != c.retry {
		t.Errorf("retry after %v, want %v", d.retry, c.retry)
	}
	if v := d.bad.GetFieldViolations(); c.field == "" && len(v) > 0 ||
		c.field != "" && (len(v) != 1 || v[0].GetField() != c.field) {
		t.Errorf("fields %v, want %q", v, c.field)
	}
}

func (c judged) checkPB(t *testing.T, pb *typepb.Error) {
	t.Helper()
	row := rowOf(c.reason)
	if codes.Code(pb.GetCode()) != c.code || pb.GetReason() != string(c.reason) ||
		pb.GetText() != c.text || pb.GetTextEn() != row.EN || pb.GetTextZh() != row.ZH ||
		pb.GetRetryAfter().AsDuration() != c.retry {
		t.Errorf("in plain fields: %v", pb)
	}
}

func TestNoErrorIsNoStatus(t *testing.T) {
	if Fail(nil) != nil || ErrorPB(nil) != nil || ReasonOf(nil) != "" {
		t.Error("nil is an error")
	}
	if st := Status(nil); st.Code() != codes.OK {
		t.Errorf("nil is %v", st)
	}
}

func TestATextThatIsNoTextLosesNoDetails(t *testing.T) {
	err := BadField("name\xff", "UTF-8")
	if d := detailsOf(Fail(err)); d.info.GetReason() != string(dispatch.ReasonField) {
		t.Errorf("got %v", d)
	}
	if text := ErrorPB(err).GetText(); text != "name? must be UTF-8" {
		t.Errorf("got %q", text)
	}
}

func TestScrubTakesOutWhatIsPrivate(t *testing.T) {
	for text, want := range map[string]string{
		"index out of range [5] with length 3": "index out of range [5] with length 3",
		"at 39.908823,116.397470":              "at #,#",
		"call 13800005678 now":                 "call # now",
		"eyJhbGciOi.eyJpc3MiOi.c2lnbmF0dXJl":   "#",
		"rate 1.5 of 200":                      "rate 1.5 of 200",
	} {
		if got := scrub(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func BenchmarkStatus(b *testing.B) {
	err := dispatch.Errorf(dispatch.NotFound, dispatch.ReasonUnknownRide, "no ride R1")
	for b.Loop() {
		_ = Status(err)
	}
}
