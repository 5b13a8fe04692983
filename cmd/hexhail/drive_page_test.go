package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	driverpb "hexhail/pb/hexhail/driver/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
)

// drivePage plays the lines of docs/clients.md.
type drivePage struct {
	*cast
	ctx    context.Context
	stream driverpb.DriverService_DriveClient
	names  map[string]string // what the page's words stand for, as far as is known
}

// pageLines are the messages of the page, in order.
func (c *cast) pageLines() (lines []object) {
	c.t.Helper()
	page, err := os.ReadFile(filepath.Join(moduleRoot(c.t), "docs", "clients.md"))
	c.ok(err)
	for _, block := range strings.Split(string(page), "```json drive\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		for line := range strings.Lines(block) {
			var one object
			if err := json.Unmarshal([]byte(line), &one); err != nil || len(one) != 1 {
				c.t.Fatalf("%s: %v", line, err)
			}
			lines = append(lines, one)
		}
	}
	return lines
}

// TestThePageOfDrive: a driver's app that does what docs/clients.md says hears what it says.
func TestThePageOfDrive(t *testing.T) {
	t.Parallel()
	c := &cast{realm: openRealm(t), n: 1}
	c.now = c.service.clock.Now()
	c.enrol()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	p := &drivePage{cast: c, ctx: ctx, names: map[string]string{"TAXI": c.taxi(driverOne)}}
	lines := c.pageLines()
	if len(lines) < 25 {
		t.Fatalf("only %d lines", len(lines))
	}
	for _, line := range lines {
		if message, ok := line["app"].(object); ok {
			p.send(message)
			continue
		}
		message, ok := line["server"].(object)
		if !ok {
			t.Fatalf("%v: neither app nor server", line)
		}
		switch {
		case message["offer"] != nil:
			p.request()
		case message["drain"] != nil:
			go func() { _ = c.service.drivers.Drain(ctx) }()
		}
		p.await(message)
	}
}

// send sends a message; a hello begins a stream.
func (p *drivePage) send(message object) {
	p.t.Helper()
	if message["hello"] != nil {
		stream, err := driverpb.NewDriverServiceClient(p.conn()).Drive(p.in(p.ctx, driverOne))
		p.ok(err)
		p.stream = stream
	}
	text, err := json.Marshal(message)
	p.ok(err)
	p.names["NOW"] = fmt.Sprint(p.service.clock.Now().UnixMilli())
	for word, is := range p.names {
		text = []byte(strings.ReplaceAll(string(text), `"`+word+`"`, `"`+is+`"`))
	}
	var in driverpb.DriveRequest
	if err := protojson.Unmarshal(text, &in); err != nil {
		p.t.Fatalf("%s: %v", text, err)
	}
	p.ok(p.stream.Send(&in))
}

// request is a rider who asks for a taxi.
func (p *drivePage) request() {
	p.t.Helper()
	_, err := riderpb.NewRiderServiceClient(p.conn()).RequestRide(p.in(p.ctx, riderOne),
		&riderpb.RequestRideRequest{
			RequestId: "ride", City: "beijing", Seats: 1, PayBy: "cash",
			Pickup: placeOf(p.at(0)), Dropoff: placeOf(p.at(5)),
		})
	p.ok(err)
}

// await reads until a message comes that has all of the page's.
func (p *drivePage) await(want object) {
	p.t.Helper()
	var heard []string
	for {
		m, err := p.stream.Recv()
		if err != nil {
			p.t.Fatalf("%v: %v after %s", want, err, strings.Join(heard, "\n"))
		}
		text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
		p.ok(err)
		var got object
		p.ok(json.Unmarshal(text, &got))
		if p.has(got, want) {
			return
		}
		heard = append(heard, string(text))
	}
}

// has reports whether a value has all of another one. A word of the page that has no meaning yet
// gets it.
func (p *drivePage) has(got, want any) bool {
	switch want := want.(type) {
	case object:
		got, ok := got.(object)
		if !ok {
			return false
		}
		for key, value := range want {
			if there, ok := got[key]; !ok || !p.has(there, value) {
				return false
			}
		}
		return true
	case string:
		text, ok := got.(string)
		is, named := p.names[want]
		if ok && !named && want == strings.ToUpper(want) && !strings.Contains(want, "_") {
			p.names[want], is, named = text, text, true
		}
		return ok && (text == want || named && text == is)
	default:
		return got == want
	}
}
