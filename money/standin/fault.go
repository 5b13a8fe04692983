package standin

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
)

// Call is what an adapter asks of a channel, in words that both channels share.
type Call string

// The calls.
const (
	CallCharge       Call = "charge"       // an order in the app, on a page, by QR or by barcode
	CallQuery        Call = "query"        // what became of an order
	CallClose        Call = "close"        // an order that is not paid is to end
	CallReverse      Call = "reverse"      // a barcode's order is to end, paid or not
	CallRefund       Call = "refund"       // money is to go back
	CallQueryRefund  Call = "query_refund" // what became of a refund
	CallPayout       Call = "payout"       // money is to go to a driver
	CallQueryPayout  Call = "query_payout" // what became of a payout
	CallBill         Call = "bill"         // where a day's bill is
	CallDownload     Call = "download"     // the bill itself
	CallCertificates Call = "certificates" // the channel's keys
	CallNotice       Call = "notice"       // not asked: the channel's own word, on its way to us
)

// Calls are those that move or end something, or ask about it: each fault may meet each of them.
var calls = []Call{
	CallCharge, CallQuery, CallClose, CallReverse, CallRefund, CallQueryRefund, CallPayout,
	CallQueryPayout, CallBill, CallDownload, CallCertificates,
}

// Calls lists what an adapter may ask, without [CallNotice].
func Calls() []Call { return append([]Call(nil), calls...) }

// Fault is one thing that goes wrong. Those of answers come with a call, those of notices with
// [CallNotice].
type Fault string

// Faults of answers. After means that what was asked for has been done all the same.
const (
	HangBefore Fault = "hang_before" // nothing is done, and no answer until the caller goes away
	HangAfter  Fault = "hang_after"  // it is done, and no answer until the caller goes away
	DropBefore Fault = "drop_before" // nothing is done, the connection is cut
	DropAfter  Fault = "drop_after"  // it is done, the connection is cut

	SystemError      Fault = "system_error"       // nothing is done, SYSTEM_ERROR
	SystemErrorAfter Fault = "system_error_after" // it is done, SYSTEM_ERROR
	FrequencyLimited Fault = "frequency_limited"  // nothing is done, FREQUENCY_LIMITED
	NotYetSeen       Fault = "not_yet_seen"       // the order is not found, though it is there

	StillAtIt  Fault = "still_at_it" // a refund or payout is done, the answer says: not yet
	UserPaying Fault = "user_paying" // the payer has to type the password first
	PayFirst   Fault = "pay_first"   // the payer confirms just before the call is carried out

	Unsigned     Fault = "unsigned"      // it is done, 200 without a signature
	BadSignature Fault = "bad_signature" // it is done, 200 with the signature of something else
	WrongSerial  Fault = "wrong_serial"  // it is done, signed by a key that nobody knows
	OldAnswer    Fault = "old_answer"    // it is done, well signed 301 s ago
	Garbage      Fault = "garbage"       // it is done, well signed, and no JSON
	HugeAnswer   Fault = "huge_answer"   // it is done, 10 MiB
	RotateKey    Fault = "rotate_key"    // from this answer on a new key of the channel signs
	OtherAmount  Fault = "other_amount"  // it is done, the answer tells a fen more
	OtherOrder   Fault = "other_order"   // it is done, the answer is about another order
)

// Faults of notices.
const (
	NoticeLost           Fault = "notice_lost"            // never sent
	NoticeTwice          Fault = "notice_twice"           // too often: 50 times, from 16 goroutines
	NoticeLate           Fault = "notice_late"            // 24 h later, signed then
	NoticeOld            Fault = "notice_old"             // signed 301 s ago
	NoticeAhead          Fault = "notice_ahead"           // signed in 301 s
	NoticeAfterNext      Fault = "notice_after_next"      // after the next one: out of order
	NoticeWrongAmount    Fault = "notice_wrong_amount"    // a fen more
	NoticeWrongMerchant  Fault = "notice_wrong_merchant"  // of somebody else's account
	NoticeWrongApp       Fault = "notice_wrong_app"       // of somebody else's app
	NoticeUnknownOrder   Fault = "notice_unknown_order"   // of an order that we never made
	NoticeBadSignature   Fault = "notice_bad_signature"   // the signature of something else
	NoticeUnsigned       Fault = "notice_unsigned"        // none at all
	NoticeWrongSerial    Fault = "notice_wrong_serial"    // of a key that nobody knows
	NoticeHuge           Fault = "notice_huge"            // 10 MiB
	NoticeGarbage        Fault = "notice_garbage"         // well signed, and not what a notice is
	NoticeBadNonce       Fault = "notice_bad_nonce"       // well signed, a nonce too short (WeChat)
	NoticeWithoutContent Fault = "notice_without_content" // well signed, nothing in it (WeChat)
)

// Faults of bills, with [CallBill]: what is announced has them, and so its hash is theirs. Several
// may come together.
const (
	BillMissing     Fault = "bill_missing"      // ten rows are not there
	BillExtra       Fault = "bill_extra"        // ten rows of orders that we never made
	BillChanged     Fault = "bill_changed"      // ten rows have a fen more
	BillCut         Fault = "bill_cut"          // it ends in the middle of a row
	BillGBK         Fault = "bill_gbk"          // in GBK
	BillOtherColumn Fault = "bill_other_column" // a column has another name
	BillMoreColumns Fault = "bill_more_columns" // two new columns, in other places
	BillWrongHash   Fault = "bill_wrong_hash"   // the hash that was told is another's
)

// AnswerFaults lists the faults that any call may meet.
func AnswerFaults() []Fault {
	return []Fault{
		HangBefore, HangAfter, DropBefore, DropAfter, SystemError, SystemErrorAfter,
		FrequencyLimited, NotYetSeen, StillAtIt, UserPaying, PayFirst, Unsigned, BadSignature,
		WrongSerial, OldAnswer, Garbage, HugeAnswer, RotateKey, OtherAmount, OtherOrder,
	}
}

// NoticeFaults lists the faults of notices.
func NoticeFaults() []Fault {
	return []Fault{
		NoticeLost, NoticeTwice, NoticeLate, NoticeOld, NoticeAhead, NoticeAfterNext,
		NoticeWrongAmount, NoticeWrongMerchant, NoticeWrongApp, NoticeUnknownOrder,
		NoticeBadSignature, NoticeUnsigned, NoticeWrongSerial, NoticeHuge, NoticeGarbage,
		NoticeBadNonce, NoticeWithoutContent,
	}
}

// BillFaults lists the faults of bills.
func BillFaults() []Fault {
	return []Fault{
		BillMissing, BillExtra, BillChanged, BillCut, BillGBK, BillOtherColumn, BillMoreColumns,
		BillWrongHash,
	}
}

// Done reports whether what was asked for is carried out although f goes wrong.
func (f Fault) Done() bool {
	switch f {
	case HangBefore, DropBefore, SystemError, FrequencyLimited, NotYetSeen:
		return false
	default:
		return true
	}
}

// Hangs reports whether there is no answer until the caller goes away.
func (f Fault) Hangs() bool { return f == HangBefore || f == HangAfter }

// Drops reports whether the connection is cut instead of an answer.
func (f Fault) Drops() bool { return f == DropBefore || f == DropAfter }

// Rule says when a fault comes.
type Rule struct {
	Call  Call   `json:"call"`            // "" is every call, but no notice
	Order string `json:"order,omitempty"` // our number; "" is every one
	Fault Fault  `json:"fault"`
	Skip  int    `json:"skip,omitempty"`  // so many fitting calls pass before
	Times int    `json:"times,omitempty"` // so often; 0 is for ever
	PPM   int    `json:"ppm,omitempty"`   // by this chance in a million; 0 is always
}

// maxRules is how many rules a script holds; the sandbox's are typed by people.
const maxRules = 1_000

// RuleError refuses a rule and names the field.
type RuleError struct {
	Field string
	Value any
}

func (e *RuleError) Error() string {
	return fmt.Sprintf("standin: no such %s of a rule: %v", e.Field, e.Value)
}

// check refuses what no call can meet.
func (r Rule) check() error {
	known := func(fs []Fault) bool { return slices.Contains(fs, r.Fault) }
	if r.Call != "" && r.Call != CallNotice && !slices.Contains(calls, r.Call) {
		return &RuleError{"call", r.Call}
	}
	fits := known(AnswerFaults())
	switch r.Call {
	case CallNotice:
		fits = known(NoticeFaults())
	case CallBill:
		fits = fits || known(BillFaults())
	default:
	}
	switch {
	case !fits:
		return &RuleError{"fault", r.Fault}
	case r.Skip < 0:
		return &RuleError{"skip", r.Skip}
	case r.Times < 0:
		return &RuleError{"times", r.Times}
	case r.PPM < 0 || r.PPM > 1_000_000:
		return &RuleError{"ppm", r.PPM}
	}
	return nil
}

// Script is what goes wrong, and when. The zero value is not usable: see [NewScript].
type Script struct {
	mu    sync.Mutex
	rules []Rule
	luck  *rand.Rand
	hits  map[Fault]int
}

// NewScript makes an empty script; seed decides what comes by chance.
func NewScript(seed uint64) *Script {
	return &Script{luck: rand.New(rand.NewPCG(seed, 0)), hits: map[Fault]int{}}
}

// Add appends rules. The first one that fits a call decides. Errors: *[RuleError]; then none of
// them is added.
func (s *Script) Add(rules ...Rule) error {
	for _, r := range rules {
		if err := r.check(); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rules)+len(rules) > maxRules {
		return &RuleError{"number", len(s.rules) + len(rules)}
	}
	s.rules = append(s.rules, rules...)
	return nil
}

// Clear forgets all rules.
func (s *Script) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
}

// Hits is how often a fault has come: a test that it never met has tested nothing.
func (s *Script) Hits(f Fault) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[f]
}

// Next is the fault that a call about an order meets, "" for none. It counts.
func (s *Script) Next(call Call, order string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.rules {
		r := &s.rules[i]
		if r.Call != call && (r.Call != "" || call == CallNotice) ||
			r.Order != "" && r.Order != order {
			continue
		}
		if r.PPM > 0 && s.luck.IntN(1_000_000) >= r.PPM {
			continue
		}
		if r.Skip > 0 {
			r.Skip--
			continue
		}
		f := r.Fault
		if r.Times--; r.Times == 0 {
			s.rules = append(s.rules[:i], s.rules[i+1:]...)
		} else if r.Times < 0 {
			r.Times = 0
		}
		s.hits[f]++
		return f
	}
	return ""
}
