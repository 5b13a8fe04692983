package ops_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/ops"
)

// eventKinds say what each kind of event tells, the first and those that are named after an act.
var eventKinds = map[string]string{
	"requested":  "a rider has asked for a taxi, or a ride was taken at the kerb",
	"claim":      "a driver has the ride",
	"release":    "the driver has given it back; it searches again",
	"arrive":     "the taxi is at the pickup",
	"no_show":    "nobody came to the waiting taxi; the ride has ended",
	"start":      "the rider is on board",
	"break_down": "the taxi broke down with the rider on board; the ride searches again",
	"complete":   "driven and metered; the fare stands, or the rider is asked",
	"confirm":    "the rider agrees to the fare that was asked about, or to a rest",
	"contest":    "the rider does not, or contests what they have paid",
	"settle":     "the last payment is made; the ride has ended",
	"cancel":     "the rider gave it up before boarding; the ride has ended",
	"expire":     "nobody took it in time; the ride has ended",
	"add_tip":    "the rider has raised the tip while it searches, or gives one afterwards",
	"rate":       "one side has rated the other",
	"pay_by":     "the rider pays through another channel than meant",
	"book":       "a driver has taken the booking ahead",
	"drop":       "the driver has given the booking back ahead; others may take it",
	"remind":     "the booking's driver was told that its time comes",
	"move":       "the booking's pickup is at another time",
	"due":        "a booking without a driver begins to search",
	"set_out":    "the booking's driver is on the way",
	"fall_out":   "the driver of a booking, or of a next ride, cannot come; it searches",
	"pass_on":    "the regular whom the ride was held for will not have it; it is for others now",
	"resolve":    "ops have decided the fare that was asked about or contested",

	"correct_fare": "the driver has corrected a mistyped fare, or asks for more than was paid",

	"promote": "the driver's next ride is the current one: the ride before is completed",

	"hand_over":          "the booking's driver, who keeps it meanwhile, offers it to their team",
	"withdraw_hand_over": "the booking's driver comes after all",
	"take_over":          "another driver of the team has the booking: `driver`; once a ride",

	"repair":   "a campaign has given afterwards what the ride had missed",
	"win_draw": "the ride was drawn as free: what its rider has paid goes back",

	"complain":          "the rider complains of the driver; `reason` is the cause",
	"contest_complaint": "whom a complaint is about has asked ops to decide; `reason` is the cause",
	"decide_complaint":  "ops have decided; `reason` is `upheld` or `dropped`",
}

// hooked is a webhook as a receiver gets it.
type hooked struct {
	header http.Header
	body   []byte
}

// RoundTrip receives.
func (h *hooked) RoundTrip(r *http.Request) (*http.Response, error) {
	var err error
	h.header = r.Header
	if h.body, err = io.ReadAll(r.Body); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody}, nil
}

// hookOf sends an event as the notifier does.
func hookOf(t *testing.T, e dispatch.Event) *hooked {
	t.Helper()
	got := &hooked{}
	n, err := ops.NewNotifier(ops.NotifierConfig{
		URL: "https://receiver.example/hook", KeyID: "notify-key", Secret: secret, Transport: got,
		Metrics: newMetrics(t), Log: silent,
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	ctx, end := context.WithCancel(t.Context())
	defer end()
	go func() { done <- n.Run(ctx) }()
	if err := n.Deliver(t.Context(), []dispatch.Event{e}); err != nil {
		t.Fatal(err)
	}
	end()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return got
}

// TestThePageOfEvents keeps docs/events.md the same as the code: go test ./ops -run PageOfEvents
// -update writes it.
func TestThePageOfEvents(t *testing.T) {
	const path = "../docs/events.md"
	sent := event("01JZ8Q3V7C6T4M2X9K5R0W1YBD", 2)
	got := hookOf(t, sent)
	err := ops.Verify(got.header, got.body, map[string][]byte{"notify-key": secret}, time.Now())
	if err != nil {
		t.Errorf("the example does not verify: %v", err)
	}
	want := eventsPage(t, got)
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(page, want) {
		t.Errorf("%s is not what the code does; run the test with -update", path)
	}
}

// eventsIntro begins the page; ~ is a backquote.
const eventsIntro = `# Events of rides

Every change of a ride is an event: its row commits with the change, and outsiders are told of it
at least once, those of a ride in their order. There are two ways to hear of them: webhooks
(~hexhail serve --notify-url https://… --notify-key FILE~), and the JetStream stream ~EVENTS~ of the
NATS that the service uses, whose messages are ~hexhail.bus.v1.RideEvent~ (pb/hexhail/bus/v1).

This page is made from the code: ~go test ./ops -run PageOfEvents -update~.

## Kinds

| kind | what has happened |
|---|---|
`

const eventsHook = `
## A webhook

A POST with these headers, and the event as JSON:

| header | what it is |
|---|---|
| ~%s~ | the event's id, the same in every try |
| ~%s~ | when this try was signed, in seconds since 1970 |
| ~%s~ | the name of the secret: ~notify-key~ |
| ~%s~ | ~v1=~ and, in hex, the HMAC-SHA256 with the secret of the timestamp, a point and the body |

~~~json
%s
~~~

~at~ is the city's time. ~version~ is the ride's, one more with each change: a gap is an event that
was parked, and ~GetRide~ tells what the ride is now. ~rider~, ~driver~, ~taxi~ and ~reason~ (in
whose words a ride has ended, or was given back) are left out where there is none. Fields and kinds
may be added: a receiver passes over what it does not know.

## What a receiver does

1. It takes the body as it came, byte for byte, computes the signature and compares in constant
   time; it refuses a timestamp more than %s from its own clock.
2. It drops an ~id~ that it has seen: after a lost answer or a restart the same event comes again.
3. It answers 2xx within %s. Redirects are not followed.

~~~python
import hashlib, hmac, time

def ours(headers, body, secret):
    stamp = headers["%[2]s"]
    want = "v1=" + hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return (hmac.compare_digest(want, headers["%[4]s"])
            and abs(time.time() - int(stamp)) <= %[8]d)
~~~

The secret is the file's content without white space around it, at least %[9]d bytes. In Go,
~ops.Verify~ does the same with the standard library alone.

## Tries

Any other answer, or none, is a try that failed. The next one comes after %[10]s, then after twice
as long each time up to %[11]s, half of each pause left to chance. After %[12]d tries (about an
hour) the event is parked: logged (~event parked~), counted
(~hexhail_webhooks_total{outcome="parked"}~), and not sent again; the ride's next event goes on.
While a ride's event is tried its later ones wait; other rides do not. %[13]d events are on their
way at most, %[14]d tries at a time; what does not fit stays in the stream, which keeps 24 hours.
`

func eventsPage(t *testing.T, got *hooked) []byte {
	t.Helper()
	var page bytes.Buffer
	page.WriteString(eventsIntro)
	kinds := []string{string(dispatch.EventRequested)}
	for act := dispatch.ActCancel; act <= dispatch.ActRepair; act++ {
		kinds = append(kinds, act.String())
	}
	for _, kind := range kinds {
		if eventKinds[kind] == "" {
			t.Errorf("events of kind %q are not told of", kind)
		}
		fmt.Fprintf(&page, "| ~%s~ | %s |\n", kind, eventKinds[kind])
	}
	var body bytes.Buffer
	if err := json.Indent(&body, got.body, "", "  "); err != nil {
		t.Fatal(err)
	}
	c := ops.NotifierConfig{}.WithDefaults()
	fmt.Fprintf(&page, eventsHook,
		ops.HookEvent, ops.HookTime, ops.HookKey, ops.HookSignature, &body,
		dispatch.Spell(ops.HookAge), dispatch.Spell(c.Timeout), int(ops.HookAge.Seconds()),
		ops.MinSecretBytes, dispatch.Spell(c.FirstRetry), dispatch.Spell(c.LongestRetry), c.Tries,
		c.Queue, c.Workers)
	text := strings.ReplaceAll(page.String(), "~~~", "```")
	return []byte(strings.ReplaceAll(text, "~", "`"))
}
