package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	driverpb "hexhail/pb/hexhail/driver/v1"
)

// readiness is what /readyz answers.
func (r *realm) readiness() (code int, failing []string) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet,
		"http://"+r.service.httpAt.Addr().String()+"/readyz", nil)
	r.ok(err)
	answer, err := http.DefaultClient.Do(request)
	r.ok(err)
	defer func() { _ = answer.Body.Close() }()
	var body struct{ Failing []string }
	text, err := io.ReadAll(answer.Body)
	r.ok(err)
	r.ok(json.Unmarshal(text, &body))
	return answer.StatusCode, body.Failing
}

// arrival is something that has to come.
func arrival[T any](t *testing.T, what string, from <-chan T) (got T) {
	t.Helper()
	select {
	case got = <-from:
	case <-time.After(time.Minute):
		t.Fatal(what + " did not come")
	}
	return got
}

// A service whose engine has been replaced ends, says so once, and is not ready meanwhile.
func TestReplacedEngineEndsTheService(t *testing.T) {
	r := openRealm(t)
	if code, failing := r.readiness(); code != http.StatusOK {
		t.Fatalf("not ready: %v", failing)
	}
	s := r.service
	_, err := dispatch.NewEngine(t.Context(), dispatch.EngineConfig{ // another node's
		City: s.cities["beijing"], Store: s.db, Hints: s.bus, Listener: s.metrics,
		NewID: s.desk.NewID,
	}, s.clock.Now())
	r.ok(err)
	arrival(t, "the end of the engine", s.broken.Done())
	if code, failing := r.readiness(); code == http.StatusOK ||
		!slices.Contains(failing, "engines") {
		t.Errorf("ready without an engine: %d %v", code, failing)
	}
	err = s.Run(t.Context())
	if dispatch.ReasonOf(err) != dispatch.ReasonFenced ||
		!strings.Contains(err.Error(), "the engine of beijing has failed") {
		t.Errorf("Run: %v", err)
	}
	if n := strings.Count(r.log.String(), `"part":"the engine of beijing"`); n != 1 {
		t.Errorf("told %d times\n%s", n, r.log)
	}
}

// A listener that ends of itself ends the service.
func TestLostListenersEndTheService(t *testing.T) {
	for name, lose := range map[string]func(*service) error{
		"gRPC": func(s *service) error { return s.grpcAt.Close() },
		"HTTP": func(s *service) error { return s.httpAt.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			r := openRealm(t)
			r.ok(lose(r.service))
			ran := make(chan error, 1)
			go func() { ran <- r.service.Run(t.Context()) }()
			err := arrival(t, "the end", ran)
			if err == nil || !strings.Contains(err.Error(), name+" has failed") {
				t.Errorf("Run: %v", err)
			}
		})
	}
}

// While sessions leave, /readyz says that the service drains.
func TestDrainIsSeenInReadiness(t *testing.T) {
	r := openRealm(t)
	c := r.cast(assigned)
	stream, err := driverpb.NewDriverServiceClient(r.conn()).Drive(c.as(driverOne))
	r.ok(err)
	r.ok(stream.Send(&driverpb.DriveRequest{Message: &driverpb.DriveRequest_Hello{
		Hello: &driverpb.Hello{TaxiId: c.taxi(driverOne)},
	}}))
	_, err = stream.Recv() // the session is there
	r.ok(err)
	ended := make(chan error, 1)
	go func() { ended <- r.service.Close(t.Context()) }()
	for { // the drain's own message says that it has begun
		m, err := stream.Recv()
		r.ok(err)
		if m.GetDrain() != nil {
			break
		}
	}
	if code, failing := r.readiness(); code == http.StatusOK ||
		!slices.Contains(failing, "draining") {
		t.Errorf("%d %v", code, failing)
	}
	r.ok(stream.CloseSend())
	r.ok(arrival(t, "the end", ended))
}

// A folder has one server, and its files say so as long as it runs.
func TestDataFolderHasOneServer(t *testing.T) {
	r := openRealm(t)
	dir := r.service.config.DataDir
	at, err := readAddresses(dir)
	if err != nil || at.GRPC != r.grpcAddr() {
		t.Errorf("address: %+v, %v", at, err)
	}
	serve := []string{
		"serve", "--sandbox", "--data-dir", dir, "--grpc-addr", "127.0.0.1:0",
		"--http-addr", "127.0.0.1:0",
	}
	code, _, stderr := hexhail(t.Context(), serve...)
	if want := dir + " is already served by process "; code != exitFailed ||
		!strings.Contains(stderr, want) || !strings.Contains(stderr, r.grpcAddr()) {
		t.Errorf("code %d, %swant %q", code, stderr, want)
	}
	if code, stdout, _ := hexhail(t.Context(), "health", "--data-dir", dir); code != exitOK ||
		stdout != "{\"ready\":true}\n" {
		t.Errorf("health: code %d, %q", code, stdout)
	}
	r.ok(r.service.Close(t.Context()))
	if _, err := os.Stat(filepath.Join(dir, addressFile)); !os.IsNotExist(err) {
		t.Errorf("the file address of a server that has ended: %v", err)
	}
	ctx, end := context.WithCancel(t.Context())
	end()
	if code, _, stderr := hexhail(ctx, serve...); strings.Contains(stderr, "already served") {
		t.Errorf("the next server: code %d, %s", code, stderr)
	}
}

// What a killed server has left in its folder is not believed.
func TestStaleAddressIsNotTrusted(t *testing.T) {
	alive := openRealm(t) // somebody else answers at the address now
	dir := t.TempDir()
	folder, err := openDataFolder(t.Context(), dir)
	alive.ok(err)
	alive.ok(folder.write(addresses{
		GRPC: alive.grpcAddr(), HTTP: alive.service.httpAt.Addr().String(),
	}))
	alive.ok(folder.lock.Close()) // as the system does when a process is killed
	code, stdout, stderr := hexhail(t.Context(), "health", "--data-dir", dir)
	if code != exitFailed || stdout != "" || !strings.Contains(stderr, "nobody serves "+dir) {
		t.Errorf("code %d, %s%s", code, stdout, stderr)
	}
	folder, err = openDataFolder(t.Context(), dir)
	alive.ok(err)
	if _, err := readAddresses(dir); err == nil {
		t.Error("the address is believed after the next start")
	}
	alive.ok(folder.Close())
}
