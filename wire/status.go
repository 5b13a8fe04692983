package wire

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
	"hexhail/pb/hexhail/type/v1"
)

// Domain is the domain of every ErrorInfo.
const Domain = "hexhail"

// The locales of the texts for people.
const (
	LocaleEN = "en"
	LocaleZH = "zh-CN"
)

// metadataUntil is the key of ErrorInfo's metadata for the city's time until which a refusal holds,
// as RFC 3339.
const metadataUntil = "until"

// metadataRide and metadataOwed are those for the ride that has to be paid first, and for what is
// owed for it, in fen.
const (
	metadataRide = "ride_id"
	metadataOwed = "owed_fen"
)

// maxFaults is how many fields a BadRequest names at most.
const maxFaults = 16

// verdict is what is said of an error to who has made the call.
type verdict struct {
	code   codes.Code
	reason dispatch.Reason
	text   string // public
	after  time.Duration
	until  time.Time // the city's; zero if nobody knows
	ride   string    // that has to be paid first; "" for none
	owed   string    // for it, in fen
	faults []fault
}

// fault is a field that is out of its limit.
type fault struct{ field, limit string }

// Status says what an error of the house means to a caller: the code, ErrorInfo with the reason,
// texts for people in English and Chinese, BadRequest where a field is wrong, RetryInfo where
// trying again may help. nil is OK. What is private (the cause of an internal error) is not in it.
// An error that says that the caller went away or the time was up is Canceled or DeadlineExceeded,
// whatever it is wrapped in.
func Status(err error) *status.Status { return statusOf(err, "") }

// statusOf adds the id under which the call is logged, if there is one.
func statusOf(err error, requestID string) *status.Status {
	if err == nil {
		return status.New(codes.OK, "")
	}
	v := judge(err)
	st := status.New(v.code, v.text)
	if detailed, err := st.WithDetails(v.details(requestID)...); err == nil {
		return detailed
	}
	return st // no detail is worth losing the error
}

// Fail is Status as an error, for handlers and the answers of streams; nil for nil.
func Fail(err error) error { return Status(err).Err() }

// ErrorPB is Status in plain fields, for what is refused within a stream; nil for nil.
func ErrorPB(err error) *typepb.Error {
	if err == nil {
		return nil
	}
	v := judge(err)
	row := rowOf(v.reason)
	e := &typepb.Error{
		Code:   int32(v.code), //nolint:gosec // codes are 0 to 16
		Reason: string(v.reason), Text: v.text,
		TextEn: row.EN, TextZh: row.ZH,
	}
	if v.after > 0 {
		e.RetryAfter = durationpb.New(v.after)
	}
	e.Until = TimePB(v.until)
	return e
}

// ReasonOf is the public reason of an error, as Status has it; "" for nil.
func ReasonOf(err error) dispatch.Reason {
	if err == nil {
		return ""
	}
	return judge(err).reason
}

// judge says what an error means, in texts that are UTF-8, as everything on the wire has to be.
func judge(err error) verdict {
	v := judgeAny(err)
	v.text = strings.ToValidUTF8(v.text, "?")
	for i, f := range v.faults {
		v.faults[i] = fault{strings.ToValidUTF8(f.field, "?"), strings.ToValidUTF8(f.limit, "?")}
	}
	return v
}

// judgeAny looks at an error from the outside in: a refusal of the edge, a broken rule of the
// schema, a status of gRPC, and then what dispatch makes of it.
func judgeAny(err error) verdict {
	var (
		own     *Refusal
		invalid *protovalidate.ValidationError
		foreign interface{ GRPCStatus() *status.Status }
	)
	switch {
	case errors.As(err, &own):
		after := cmp.Or(own.RetryAfter, rowOf(own.Reason).After)
		return verdict{code: own.Code, reason: own.Reason, text: own.Text, after: after}
	case errors.As(err, &invalid):
		return judgeSchema(invalid)
	case errors.As(err, &foreign):
		return judgeStatus(foreign.GRPCStatus())
	}
	kind, reason := dispatch.Classify(err)
	if kind == dispatch.Internal || kind == dispatch.Unavailable || kind == dispatch.CallerGone {
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			return plain(ReasonDeadline, "the time for this call was up")
		case errors.Is(err, context.Canceled):
			return plain(ReasonCallerGone, "the call was cancelled")
		}
	}
	return judgeKind(err, kind, reason)
}

// plain is a verdict as the table has it.
func plain(reason dispatch.Reason, text string) verdict {
	row := rowOf(reason)
	return verdict{code: row.Code, reason: reason, text: text, after: row.After}
}

func judgeSchema(invalid *protovalidate.ValidationError) verdict {
	v := plain(dispatch.ReasonField, "")
	for _, broken := range invalid.Violations[:min(maxFaults, len(invalid.Violations))] {
		v.faults = append(v.faults, fault{
			field: protovalidate.FieldPathString(broken.Proto.GetField()),
			limit: limitOf(broken.Proto),
		})
	}
	v.text = joinFaults(v.faults)
	return v
}

// limitOf is what a broken rule of the schema asks for, in words for people.
func limitOf(broken *validate.Violation) string {
	message := broken.GetMessage()
	switch {
	case broken.GetRuleId() == "required",
		broken.GetRuleId() == "enum.not_in" && strings.HasSuffix(message, "[0]"),
		broken.GetRuleId() == "string.min_bytes" && strings.HasSuffix(message, " 1 bytes"),
		broken.GetRuleId() == "string.min_len" && strings.HasSuffix(message, " 1 characters"):
		return "must be given"
	case broken.GetRuleId() == "string.pattern":
		if _, pattern, ok := strings.Cut(message, "`"); ok {
			return cmp.Or(patternWords[strings.TrimSuffix(pattern, "`")], message)
		}
		return message
	default:
		return message
	}
}

// patternWords say what the patterns of the schema ask for.
var patternWords = map[string]string{
	"^[0-9]{4}-[0-9]{2}-[0-9]{2}$":    "must be a day such as 2014-01-10",
	"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$": "must be a day such as 2014-01-10, or empty",
	"^[0-9]{4}-[0-9]{2}$":             "must be a month such as 2014-01",
	"^([0-9]{6})?$":                   "must be 6 digits, or empty",
	"^[0-9]{8,20}$":                   "must be 8 to 20 digits",
	"^([0-9]{10,12})?$":               "must be 10 to 12 digits, or empty",
	"^[0-9]{1,64}$":                   "must be 1 to 64 digits",
	"^[a-z0-9_]{0,32}$":               "must be small letters, digits and _, at most 32",
	"^[a-z0-9_]{1,32}$":               "must be small letters, digits and _, 1 to 32",
	"^[A-Z0-9]*$":                     "must be capital letters and digits",
}

func joinFaults(faults []fault) string {
	texts := make([]string, len(faults))
	for i, f := range faults {
		texts[i] = strings.TrimPrefix(f.field+": "+f.limit, ": ")
	}
	return strings.Join(texts, "; ")
}

// judgeStatus is for statuses: our own from Fail, and those of gRPC, which have no reason. The text
// of an internal one may be private.
func judgeStatus(st *status.Status) verdict {
	if v, ok := undress(st); ok {
		return v
	}
	switch st.Code() {
	case codes.Canceled:
		return plain(ReasonCallerGone, "the call was cancelled")
	case codes.DeadlineExceeded:
		return plain(ReasonDeadline, "the time for this call was up")
	case codes.Unimplemented:
		return plain(ReasonMethodUnknown, st.Message())
	case codes.Unavailable:
		return plain(ReasonUnavailable, "the service is not available")
	case codes.ResourceExhausted:
		return plain(ReasonBusy, st.Message())
	case codes.OK, codes.Unknown, codes.Internal, codes.DataLoss:
		return internal()
	default:
		v := plain(ReasonRefused, st.Message())
		v.code = st.Code()
		return v
	}
}

// undress is the verdict that a status was made of.
func undress(st *status.Status) (v verdict, ok bool) {
	v = verdict{code: st.Code(), text: st.Message()}
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			v.reason, ok = dispatch.Reason(d.GetReason()), d.GetDomain() == Domain
			// Our own; what another has written there is no time, and the zero Time.
			v.until, _ = time.Parse(time.RFC3339, d.GetMetadata()[metadataUntil])
			v.ride, v.owed = d.GetMetadata()[metadataRide], d.GetMetadata()[metadataOwed]
		case *errdetails.RetryInfo:
			v.after = d.GetRetryDelay().AsDuration()
		case *errdetails.BadRequest:
			for _, f := range d.GetFieldViolations() {
				v.faults = append(v.faults, fault{field: f.GetField(), limit: f.GetDescription()})
			}
		}
	}
	return v, ok
}

func internal() verdict { return plain(ReasonInternal, "internal error") }

// judgeKind is for the errors of dispatch, geo and money.
func judgeKind(err error, kind dispatch.Kind, reason dispatch.Reason) verdict {
	row, code := rowOf(reason), codeOf(kind)
	switch code {
	case codes.Internal:
		return internal()
	case codes.Unavailable:
		v := plain(reason, "the service is not available")
		v.code, v.after = code, cmp.Or(row.After, rowOf(ReasonUnavailable).After)
		return v
	case codes.Canceled:
		return plain(ReasonCallerGone, "the call was cancelled")
	default:
		text, faults := publicText(err)
		if usual(kind, row.Code) {
			code = row.Code
		}
		v := verdict{code: code, reason: reason, text: text, after: row.After}
		if own := (*dispatch.Error)(nil); errors.As(err, &own) {
			v.until = own.Until
			if own.Ride != "" {
				v.ride, v.owed = string(own.Ride), strconv.FormatInt(int64(own.Owed), 10)
			}
		}
		v.faults = faults
		return v
	}
}

// codeOf is the code of a kind where the table has no better one for the reason.
func codeOf(kind dispatch.Kind) codes.Code {
	switch kind {
	case dispatch.Invalid:
		return codes.InvalidArgument
	case dispatch.NotFound:
		return codes.NotFound
	case dispatch.Conflict:
		return codes.FailedPrecondition
	case dispatch.Exhausted:
		return codes.ResourceExhausted
	case dispatch.Denied:
		return codes.PermissionDenied
	case dispatch.Unavailable:
		return codes.Unavailable
	case dispatch.CallerGone:
		return codes.Canceled
	default:
		return codes.Internal
	}
}

// usual reports whether a reason's code is a finer word for the kind.
func usual(kind dispatch.Kind, code codes.Code) bool {
	switch kind {
	case dispatch.Conflict:
		return code == codes.Aborted || code == codes.AlreadyExists
	case dispatch.Exhausted:
		return code == codes.FailedPrecondition
	default:
		return false
	}
}

// publicText is what developers may read of an error that is not internal, and the field that it is
// about: the words of dispatch's error, and those of geo and money behind it. Other causes are not
// told.
func publicText(err error) (string, []fault) {
	var own *dispatch.Error
	at := ""
	if errors.As(err, &own) {
		if own.Field != "" {
			return own.Text, []fault{{field: own.Field, limit: "must be " + own.Limit}}
		}
		at, err = own.Text, own.Cause
	}
	field, text, ok := valueError(err)
	switch {
	case !ok && own != nil:
		return own.Text, nil
	case !ok:
		return string(dispatch.ReasonOf(err)), nil
	case own != nil:
		field, text = strings.Trim(at+"."+field, "."), at+": "+text
	}
	if field == "" {
		return text, nil
	}
	return text, []fault{{field: field, limit: text}}
}

// valueError finds which field one of the typed errors of geo and money is about.
func valueError(err error) (field, text string, ok bool) {
	var (
		point    *geo.PointError
		datum    *geo.DatumError
		fix      *geo.FixError
		amount   *money.AmountError
		campaign *money.CampaignError
		transfer *money.TransferError
		limit    *money.LimitError
		state    *money.StateError
		bill     *money.BillError
		payee    *money.PayeeError
		bank     *money.BankFileError
		hongbao  *money.HongbaoError
	)
	switch {
	case err == nil:
		return "", "", false
	case errors.As(err, &point):
		return point.Field, point.Error(), true
	case errors.As(err, &datum):
		return "datum", datum.Error(), true
	case errors.As(err, &fix):
		return fix.Field, fix.Error(), true
	case errors.As(err, &amount):
		return amount.Field + "_fen", amountText(amount), true
	case errors.As(err, &campaign):
		return campaign.Field, campaign.Error(), true
	case errors.As(err, &transfer):
		return "", transfer.Error(), true
	case errors.As(err, &limit):
		return "", limit.Error(), true
	case errors.As(err, &state):
		return "", state.Error(), true
	case errors.As(err, &bill):
		return "", bill.Error(), true
	case errors.As(err, &payee):
		return "account", payee.Error(), true
	case errors.As(err, &bank):
		return "file", bank.Error(), true
	case errors.As(err, &hongbao):
		return hongbao.Field, hongbao.Error(), true
	case errors.Is(err, money.ErrNoBill), errors.Is(err, money.ErrBillNotReady):
		return "", err.Error(), true
	case errors.Is(err, money.ErrMeterLimit), errors.Is(err, money.ErrSegment):
		return "", "the ride is longer than a meter can count", true
	default:
		return "", "", false
	}
}

// amountText is the limit of an amount as requests have it, in fen.
func amountText(e *money.AmountError) string {
	bound := "at most"
	if e.Value < e.Limit {
		bound = "at least"
	}
	return fmt.Sprintf("must be %s %d, not %d", bound, e.Limit, e.Value)
}

// details are the messages beside a status's code and text.
func (v verdict) details(requestID string) []protoadapt.MessageV1 {
	row := rowOf(v.reason)
	info := &errdetails.ErrorInfo{Reason: string(v.reason), Domain: Domain}
	if !v.until.IsZero() {
		info.Metadata = map[string]string{metadataUntil: v.until.Format(time.RFC3339)}
	}
	if v.ride != "" {
		info.Metadata = map[string]string{metadataRide: v.ride, metadataOwed: v.owed}
	}
	list := []protoadapt.MessageV1{
		info,
		&errdetails.LocalizedMessage{Locale: LocaleEN, Message: row.EN},
		&errdetails.LocalizedMessage{Locale: LocaleZH, Message: row.ZH},
	}
	if len(v.faults) > 0 {
		bad := &errdetails.BadRequest{}
		for _, f := range v.faults {
			bad.FieldViolations = append(bad.FieldViolations,
				&errdetails.BadRequest_FieldViolation{Field: f.field, Description: f.limit})
		}
		list = append(list, bad)
	}
	if v.after > 0 {
		list = append(list, &errdetails.RetryInfo{RetryDelay: durationpb.New(v.after)})
	}
	if requestID != "" {
		list = append(list, &errdetails.RequestInfo{RequestId: requestID})
	}
	return list
}
