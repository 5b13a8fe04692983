package standin

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hexhail/money"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// plain tells the number of an order in the open, and waits a minute, twice.
type plain struct{}

func (plain) Request(ctx context.Context, n Notice, _ time.Time) (*http.Request, error) {
	return http.NewRequestWithContext(
		ctx, http.MethodPost, n.To, strings.NewReader(n.Order()+" "+n.ID))
}

func (plain) Taken(status int, _ []byte) bool { return status == http.StatusOK }

func (plain) Wait(tries int) (time.Duration, bool) { return time.Minute, tries < 3 }

// listener hears notices and answers as it is told.
type listener struct {
	mu     sync.Mutex
	heard  []string
	status int
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := make([]byte, 100)
	n, _ := r.Body.Read(body)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = append(l.heard, string(body[:n]))
	w.WriteHeader(l.status)
}

func newOutbox(t *testing.T) (*Outbox, *Script, *listener, string) {
	t.Helper()
	l := &listener{status: http.StatusOK}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	client := &http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Second}
	t.Cleanup(client.CloseIdleConnections)
	script := NewScript(1)
	return NewOutbox(client, script), script, l, server.URL
}

func about(number string) Event {
	return Event{Order: &Order{Channel: money.WeChat, Number: number}}
}

func TestOutboxRepeatsUntilItIsTaken(t *testing.T) {
	o, _, l, url := newOutbox(t)
	l.status = http.StatusInternalServerError
	o.Put(plain{}, about("A"), url, noon)
	if made := o.Send(t.Context(), noon); len(made) != 1 || made[0].Taken {
		t.Fatalf("%+v", made)
	}
	if made := o.Send(t.Context(), noon.Add(59*time.Second)); len(made) != 0 {
		t.Fatalf("a second before its time: %+v", made)
	}
	l.status = http.StatusOK
	if made := o.Send(t.Context(), noon.Add(time.Minute)); len(made) != 1 || !made[0].Taken {
		t.Fatalf("%+v", made)
	}
	if o.Waiting() != 0 || len(l.heard) != 2 || l.heard[0] != l.heard[1] {
		t.Errorf("heard %q, %d wait: want the same twice", l.heard, o.Waiting())
	}
}

func TestOutboxGivesUp(t *testing.T) {
	o, _, l, url := newOutbox(t)
	l.status = http.StatusNotFound
	o.Put(plain{}, about("A"), url, noon)
	for i := range 9 {
		o.Send(t.Context(), noon.Add(time.Duration(i)*time.Minute))
	}
	if len(l.heard) != 3 || o.Waiting() != 0 {
		t.Errorf("heard %q, %d wait: want three tries", l.heard, o.Waiting())
	}
}

func TestOutboxFaults(t *testing.T) {
	o, script, l, url := newOutbox(t)
	err := script.Add(
		Rule{Call: CallNotice, Order: "lost", Fault: NoticeLost},
		Rule{Call: CallNotice, Order: "late", Fault: NoticeLate},
		Rule{Call: CallNotice, Order: "after", Fault: NoticeAfterNext},
		Rule{Call: CallNotice, Order: "twice", Fault: NoticeTwice},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, number := range []string{"lost", "late", "after", "next"} {
		o.Put(plain{}, about(number), url, noon)
	}
	o.Send(t.Context(), noon)
	if got := strings.Join(l.heard, ", "); got != "next notice-3, after notice-2" {
		t.Errorf("heard %q", got)
	}
	o.Send(t.Context(), noon.Add(lateBy))
	if got := l.heard[len(l.heard)-1]; got != "late notice-1" {
		t.Errorf("a day later: %q", got)
	}
	o.Put(plain{}, about("twice"), url, noon)
	if made := o.Send(t.Context(), noon); len(made) != copies || len(l.heard) != 3+copies {
		t.Errorf("%d deliveries, heard %d, want %d copies", len(made), len(l.heard), copies)
	}
}

func TestOutboxSending(t *testing.T) {
	o, _, l, url := newOutbox(t)
	o.Put(plain{}, about("A"), url, noon)
	ticks := make(chan time.Time, 1)
	ticks <- noon
	close(ticks)
	var told int
	o.Sending(t.Context(), ticks, func(Delivery) { told++ })
	if told != 1 || len(l.heard) != 1 {
		t.Errorf("told of %d, heard %q", told, l.heard)
	}
}
