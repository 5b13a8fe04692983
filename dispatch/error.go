package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hexhail/geo"
	"hexhail/money"
)

// Kind is the closed set of what can be wrong with a command.
type Kind int

// The kinds of errors.
const (
	// Internal is a bug or a broken store: the caller cannot mend it.
	Internal Kind = iota + 1
	// Invalid is a bad value: the field and the limit are named.
	Invalid
	// NotFound is an id that nothing has, or that is not the caller's.
	NotFound
	// Conflict is a good command that the present state does not allow.
	Conflict
	// Exhausted is a limit on how much there may be.
	Exhausted
	// Denied is a command that this caller may never give.
	Denied
	// Unavailable may work when tried again.
	Unavailable
	// CallerGone is a caller who went away.
	CallerGone
)

var kinds = [...]string{
	"", "internal", "invalid", "not_found", "conflict", "exhausted", "denied", "unavailable",
	"caller_gone",
}

// String is the kind's name.
func (k Kind) String() string { return kinds[k] }

// Reason is a stable code for one cause of an error, UPPER_SNAKE, at most 63 characters.
type Reason string

// The reasons of this package's errors.
const (
	ReasonField         Reason = "FIELD_INVALID"
	ReasonUnknownCity   Reason = "CITY_UNKNOWN"
	ReasonUnknownRider  Reason = "RIDER_UNKNOWN"
	ReasonUnknownDriver Reason = "DRIVER_UNKNOWN"
	ReasonUnknownTaxi   Reason = "TAXI_UNKNOWN"
	ReasonUnknownRide   Reason = "RIDE_UNKNOWN"
	ReasonUnknownOffer  Reason = "OFFER_UNKNOWN"
	ReasonRideOpen      Reason = "RIDE_ALREADY_OPEN"
	ReasonDriverBusy    Reason = "DRIVER_HAS_RIDE"
	ReasonTaxiTaken     Reason = "TAXI_IN_USE"
	ReasonOfferExpired  Reason = "OFFER_EXPIRED"
	ReasonOfferClosed   Reason = "OFFER_CLOSED"
	ReasonUnknownCall   Reason = "CALL_UNKNOWN"
	ReasonCallExpired   Reason = "CALL_EXPIRED"
	ReasonCallGone      Reason = "CALL_GONE"
	ReasonStep          Reason = "RIDE_STATE"
	// ReasonFlights is a flight service that does not answer as it should.
	ReasonFlights Reason = "FLIGHTS_UNAVAILABLE"
	// ReasonBookingClash is another booking of the driver's that is too near in time.
	ReasonBookingClash Reason = "BOOKING_CLASH"
	// ReasonSeats is a driver whose taxi, if there ever was one, has too few seats, or is of
	// another class than was asked for.
	ReasonSeats Reason = "TAXI_DOES_NOT_FIT"
	// ReasonTooManyBookings is a rider or driver with as many bookings as the policy allows.
	ReasonTooManyBookings Reason = "TOO_MANY_BOOKINGS"
	// ReasonUnknownRegular is a regular that is not the caller's, or no more.
	ReasonUnknownRegular Reason = "REGULAR_UNKNOWN"
	// ReasonRegularState is a regular that its own side agrees to, or one that the other side has
	// ended and who was not driven since.
	ReasonRegularState Reason = "REGULAR_STATE"
	// ReasonTooManyRegulars is a rider or driver with as many regulars as the policy allows.
	ReasonTooManyRegulars Reason = "TOO_MANY_REGULARS"
	// ReasonUnknownTeam is a team that is not the driver's.
	ReasonUnknownTeam Reason = "TEAM_UNKNOWN"
	// ReasonUnknownMember is a place in a team, or an invitation, that is not the driver's.
	ReasonUnknownMember Reason = "MEMBER_UNKNOWN"
	// ReasonInTeam is a driver who has joined a team, and would join another.
	ReasonInTeam Reason = "DRIVER_IN_TEAM"
	// ReasonTeamFull is a team with as many drivers as the policy allows, invited ones included.
	ReasonTeamFull Reason = "TEAM_FULL"
	// ReasonNoFestival is a greeting for a festival that is not, or not now.
	ReasonNoFestival Reason = "NO_FESTIVAL"
	// ReasonGreeted is a driver's second greeting for a festival.
	ReasonGreeted Reason = "GREETED_ALREADY"
	// ReasonNobodyToGreet is a driver without a regular who wants greetings.
	ReasonNobodyToGreet Reason = "NOBODY_TO_GREET"
	// ReasonHandedOver is a booking that was handed over within a team once.
	ReasonHandedOver    Reason = "HANDED_OVER_ALREADY"
	ReasonStale         Reason = "CHANGED_MEANWHILE"
	ReasonRequestReused Reason = "REQUEST_ID_REUSED"
	ReasonTooManyRides  Reason = "CITY_FULL"
	ReasonBacklog       Reason = "EVENTS_WAIT"
	// ReasonTooManyQuestions is an engine that is asked for taxis too often.
	ReasonTooManyQuestions Reason = "ENGINE_BUSY"
	ReasonChannel          Reason = "CHANNEL_UNKNOWN"
	ReasonDestinations     Reason = "DESTINATIONS_USED_UP"
	ReasonPayment          Reason = "PAYMENT_STATE"
	// ReasonBill is a channel's bill that cannot be imported, or a difference that there is not;
	// ReasonNoBill is a day of which the channel has none, or not yet.
	ReasonBill        Reason = "BILL_REFUSED"
	ReasonNoBill      Reason = "BILL_MISSING"
	ReasonFenced      Reason = "ENGINE_REPLACED"
	ReasonOffDuty     Reason = "DRIVER_OFF_DUTY"
	ReasonDuplicate   Reason = "ALREADY_EXISTS"
	ReasonLedger      Reason = "LEDGER_REFUSED"
	ReasonLedgerLimit Reason = "BALANCE_TOO_LOW"
	ReasonPosition    Reason = "POSITION_INVALID"
	ReasonFix         Reason = "FIX_REFUSED"
	ReasonAmount      Reason = "AMOUNT_INVALID"
	ReasonCampaign    Reason = "CAMPAIGN_INVALID"
	ReasonStore       Reason = "STORE"
	// ReasonUnknownCompany is a driver's company that was never imported.
	ReasonUnknownCompany Reason = "COMPANY_UNKNOWN"
	// ReasonUnknownStand is a stand that the city's file does not have.
	ReasonUnknownStand Reason = "STAND_UNKNOWN"
	// ReasonAtStand is a driver in the queue of a stand who would take a ride from elsewhere.
	ReasonAtStand Reason = "DRIVER_QUEUED_AT_STAND"
	// ReasonClosed is a request in hours in which the city takes none.
	ReasonClosed Reason = "CITY_CLOSED"
	// ReasonOutside is a pickup outside of the city's service area.
	ReasonOutside Reason = "OUTSIDE_SERVICE_AREA"
	// ReasonVoice is a clip that cannot be read, ReasonVoiceTooLong one beyond its limits, and
	// ReasonUnknownVoice none that the caller may hear.
	ReasonVoice        Reason = "VOICE_INVALID"
	ReasonVoiceTooLong Reason = "VOICE_TOO_LONG"
	ReasonUnknownVoice Reason = "VOICE_UNKNOWN"
	// ReasonRiderSuspended is a rider who may ask for no taxi after no-shows.
	ReasonRiderSuspended Reason = "RIDER_SUSPENDED"
	// ReasonDriverSuspended is a driver who may not be on duty after complaints.
	ReasonDriverSuspended Reason = "DRIVER_SUSPENDED"
	// ReasonComplained is a second complaint of a ride by the same side.
	ReasonComplained Reason = "COMPLAINED_ALREADY"
	// ReasonUnknownComplaint is a complaint that nobody made, or that is about somebody else.
	ReasonUnknownComplaint Reason = "COMPLAINT_UNKNOWN"
	// ReasonComplaintState is a complaint that is contested or decided already.
	ReasonComplaintState Reason = "COMPLAINT_STATE"
	// ReasonTooLate is what could be said for some days only.
	ReasonTooLate Reason = "TOO_LATE"
	// ReasonUnpaidFee is a rider who has to pay for late cancels first.
	ReasonUnpaidFee Reason = "CANCEL_FEE_UNPAID"
	// ReasonWithdrawalLimit is a driver who has taken out as much, or as often, as the policy
	// allows on a day.
	ReasonWithdrawalLimit Reason = "WITHDRAWAL_LIMIT"
	// ReasonUnknownHold is a held subsidy that there is not, or another driver's.
	ReasonUnknownHold Reason = "HOLD_UNKNOWN"
	// ReasonHoldState is a held subsidy that is appealed or decided already.
	ReasonHoldState Reason = "HOLD_STATE"
	// ReasonNameMissing is a driver whose name we do not have: no channel pays without one.
	ReasonNameMissing Reason = "NAME_MISSING"
	// ReasonBankFile is a file of the bank's results that cannot be read.
	ReasonBankFile Reason = "BANK_FILE_INVALID"
	// ReasonUnknownBankFile is a file for the bank that was never made.
	ReasonUnknownBankFile Reason = "BANK_FILE_UNKNOWN"
	// ReasonUnknownCode is a code for paying that nobody has made, or that was renewed.
	ReasonUnknownCode Reason = "CODE_UNKNOWN"
	// ReasonPINNeeded is a payment above what a wallet pays without its PIN, ReasonPINWrong a PIN
	// that is another, ReasonPINLocked a wallet after too many of those, ReasonPINUnset one that
	// has none.
	ReasonPINNeeded Reason = "PIN_NEEDED"
	ReasonPINWrong  Reason = "PIN_WRONG"
	ReasonPINLocked Reason = "PIN_LOCKED"
	ReasonPINUnset  Reason = "PIN_UNSET"
	// ReasonCodeWrong is a code that no wallet shows now, ReasonCodeUsed one that has paid already,
	// ReasonCodeDeclined one whose wallet does not pay so, and ReasonCodesLocked a driver who has
	// given too many wrong ones.
	ReasonCodeWrong    Reason = "WALLET_CODE_WRONG"
	ReasonCodeUsed     Reason = "WALLET_CODE_USED"
	ReasonCodeDeclined Reason = "WALLET_CODE_DECLINED"
	ReasonCodesLocked  Reason = "WALLET_CODES_LOCKED"
	// ReasonWalletFull is a top-up above what a wallet may hold, ReasonTopUpsOpen one beside as
	// many as may wait for their payer.
	ReasonWalletFull Reason = "WALLET_FULL"
	ReasonTopUpsOpen Reason = "TOO_MANY_TOP_UPS"
	// ReasonNothingDue is a code that leads to nothing to be paid, now.
	ReasonNothingDue Reason = "NOTHING_DUE"
	// ReasonReceiptNumber is a printed receipt's number that another ride has, ReasonReceiptOther a
	// ride whose number the other side has typed.
	ReasonReceiptNumber Reason = "RECEIPT_NUMBER_TAKEN"
	ReasonReceiptOther  Reason = "RECEIPT_NUMBER_THEIRS"
	// ReasonTipBanned is a tip where the policy allows none.
	ReasonTipBanned Reason = "TIPS_BANNED"
	// ReasonSegments is a rider who is in as many segments as one may be.
	ReasonSegments Reason = "TOO_MANY_SEGMENTS"
	// ReasonDraw is a daily draw that cannot be, ReasonDrawState a day of one that has not come to
	// what it is asked for, or is past it, ReasonUnknownDraw a day without one, and ReasonDrawDay a
	// day for which another draw of the city is announced.
	ReasonDraw        Reason = "DRAW_INVALID"
	ReasonDrawState   Reason = "DRAW_STATE"
	ReasonUnknownDraw Reason = "DRAW_UNKNOWN"
	ReasonDrawDay     Reason = "DRAW_DAY_TAKEN"
)

// Error is what commands and stores return: a kind, a reason, and a text for people that names the
// field and the limit where there is one.
type Error struct {
	Kind   Kind
	Reason Reason
	Text   string
	// Field is the path of the field that is out of its limit, as in the protocol, and Limit what
	// it must be: "seats" and "1 to 8". Both are "" where no field is to blame.
	Field, Limit string
	Cause        error // may be nil
	// Until is the city's time from which on it may be otherwise; zero if nobody knows.
	Until time.Time
	// Ride is one whose payment stands in the way, with what is Owed for it; "" and 0 for none.
	Ride RideID
	Owed money.Fen
}

func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Text
	}
	return e.Text + ": " + e.Cause.Error()
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Errorf makes an Error without a cause.
func Errorf(kind Kind, reason Reason, format string, args ...any) *Error {
	return &Error{Kind: kind, Reason: reason, Text: fmt.Sprintf(format, args...)}
}

// BadField is a field out of its limit: its path, and what it must be.
func BadField(field, limit string) *Error {
	e := Errorf(Invalid, ReasonField, "%s must be %s", field, limit)
	e.Field, e.Limit = field, limit
	return e
}

func invalid(field, limit string) *Error { return BadField(field, limit) }

// KindOf classifies any error of this house; one that it does not know is Internal.
func KindOf(err error) Kind {
	kind, _ := Classify(err)
	return kind
}

// ReasonOf is the reason of any error of this house.
func ReasonOf(err error) Reason {
	_, reason := Classify(err)
	return reason
}

// Classify is the one table from errors to kinds and reasons. The errors of geo and money are
// theirs; what they mean for a caller is said here.
func Classify(err error) (Kind, Reason) {
	var (
		own      *Error
		point    *geo.PointError
		datum    *geo.DatumError
		fix      *geo.FixError
		amount   *money.AmountError
		transfer *money.TransferError
		limit    *money.LimitError
		state    *money.StateError
		campaign *money.CampaignError
		notice   *money.NoticeError
		payee    *money.PayeeError
		bank     *money.BankFileError
		draw     *money.DrawError
		bill     *money.BillError
		hongbao  *money.HongbaoError
	)
	switch {
	case errors.As(err, &own):
		return own.Kind, own.Reason
	case errors.As(err, &point), errors.As(err, &datum):
		return Invalid, ReasonPosition
	case errors.As(err, &fix):
		return Invalid, ReasonFix
	case errors.Is(err, money.ErrMeterLimit), errors.Is(err, money.ErrSegment):
		return Invalid, ReasonField
	case errors.As(err, &amount):
		return Invalid, ReasonAmount
	case errors.As(err, &campaign):
		return Invalid, ReasonCampaign
	case errors.As(err, &payee), errors.As(err, &hongbao):
		return Invalid, ReasonField
	case errors.As(err, &bank):
		return Invalid, ReasonBankFile
	case errors.As(err, &draw):
		return Invalid, ReasonDraw
	case errors.As(err, &transfer):
		return Invalid, ReasonLedger
	case errors.As(err, &limit):
		return Exhausted, ReasonLedgerLimit
	case errors.As(err, &bill):
		return Conflict, ReasonBill
	case errors.Is(err, money.ErrNoBill):
		return NotFound, ReasonNoBill
	case errors.Is(err, money.ErrBillNotReady):
		return Unavailable, ReasonNoBill
	case errors.As(err, &state), errors.As(err, &notice):
		return Conflict, ReasonPayment
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return CallerGone, ReasonStore
	default:
		return Internal, ReasonStore
	}
}
