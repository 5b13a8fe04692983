//go:build !race

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"

	"hexhail/bus/bustest"
	opspb "hexhail/pb/hexhail/ops/v1"
	typepb "hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// patience is how long a test waits for what must come: two busy cores are slow.
const patience = 60 * time.Second

// binaries are the programs that the tests run as processes, each built once.
var binaries struct {
	dir           string
	hexhail, nats sync.Once
	errs          [2]error
}

// TestMain removes the binaries.
func TestMain(m *testing.M) {
	code := m.Run()
	if binaries.dir != "" {
		_ = os.RemoveAll(binaries.dir)
	}
	os.Exit(code)
}

// program builds what is shipped, and returns its path.
func program(t testing.TB) string {
	t.Helper()
	binaries.hexhail.Do(func() { binaries.errs[0] = buildTo("hexhail", "hexhail/cmd/hexhail") })
	return built(t, "hexhail", binaries.errs[0])
}

// natsServer builds the server of the version in go.mod out of the module cache.
func natsServer(t testing.TB) string {
	t.Helper()
	program(t) // makes the folder, and not both at once
	binaries.nats.Do(func() {
		binaries.errs[1] = buildTo("nats-server", "github.com/nats-io/nats-server/v2")
	})
	return built(t, "nats-server", binaries.errs[1])
}

func built(t testing.TB, name string, err error) string {
	t.Helper()
	if errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") != "true" {
		t.Skip("SKIPPED: no processes: the go command is not in the path")
	}
	must(t, err)
	return filepath.Join(binaries.dir, name)
}

func buildTo(name, pkg string) (err error) {
	if binaries.dir == "" {
		if binaries.dir, err = os.MkdirTemp("", "hexhail-kill-"); err != nil {
			return err
		}
	}
	out, err := exec.Command("go", "build", "-ldflags=-s -w",
		"-o", filepath.Join(binaries.dir, name), pkg).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// process is one run of a program. What it writes goes to its log.
type process struct {
	cmd    *exec.Cmd
	log    string
	exited chan struct{}
	err    error // after exited
}

// launch starts a program; it ends with the test at the latest, and dies with this process.
func launch(t testing.TB, log, name string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(name, args...), log: log, exited: make(chan struct{})}
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(t, err)
	p.cmd.Stdout, p.cmd.Stderr = file, file
	p.cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, envPrefix) // what tests are told is none of a server's keys
	})
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err = p.cmd.Start()
	_ = file.Close()
	must(t, err)
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("the end of %s:\n%s", log, tail(log))
		}
	})
	return p
}

// kill is kill −9, and waits until the process is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.exited
}

// ended waits for a process to end by itself, and returns its error.
func (p *process) ended(t testing.TB, within time.Duration) error {
	t.Helper()
	select {
	case <-p.exited:
		return p.err
	case <-time.After(within):
		t.Fatalf("%s still runs after %v", p.cmd.Args, within)
		return nil
	}
}

func tail(path string) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		return []byte(err.Error())
	}
	return text[max(0, len(text)-4000):]
}

// town is a server as a process, whose addresses and folder outlive it.
type town struct {
	t          testing.TB
	dir        string
	grpc, http string
	args       []string // further ones
	city       string   // of the crowd
	server     *process
	key        wireKey // after the first start
	ops        opspb.OpsServiceClient
	conn       *grpc.ClientConn
}

// newTown starts a server in a folder of its own.
func newTown(t testing.TB, args ...string) *town {
	t.Helper()
	w := prepareTown(t, args...)
	w.open()
	return w
}

// prepareTown chooses the addresses of a server that is to be opened.
func prepareTown(t testing.TB, args ...string) *town {
	t.Helper()
	return &town{
		t: t, dir: filepath.Join(t.TempDir(), "data"), grpc: bustest.FreeAddress(t),
		http: bustest.FreeAddress(t),
		args: args, city: city,
	}
}

func (w *town) open() {
	w.t.Helper()
	w.start()
	w.awake()
	var err error
	w.key, err = readKey(filepath.Join(w.dir, "token.key"))
	must(w.t, err)
	w.conn = w.dial()
	w.ops = opspb.NewOpsServiceClient(w.conn)
}

// dial makes a connection that looks for the server often while it is away.
func (w *town) dial() *grpc.ClientConn {
	w.t.Helper()
	conn, err := grpc.NewClient(w.grpc,
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy(),
		grpc.WithIdleTimeout(0), grpc.WithConnectParams(grpc.ConnectParams{
			MinConnectTimeout: 2 * time.Second, Backoff: backoff.Config{
				BaseDelay: 50 * time.Millisecond, MaxDelay: 200 * time.Millisecond, Multiplier: 2,
			},
		}))
	must(w.t, err)
	w.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func (w *town) start() {
	w.t.Helper()
	args := append([]string{
		"serve", "--sandbox", "--channels", "none", "--data-dir", w.dir,
		"--grpc-addr", w.grpc, "--http-addr", w.http,
		"--log-level", "warn",
	}, w.args...)
	w.server = launch(w.t, w.dir+".log", program(w.t), args...)
}

// awake waits until the server says that it is ready.
func (w *town) awake() {
	w.t.Helper()
	eventually(w.t, "the server is ready", patience, func() bool {
		select {
		case <-w.server.exited:
			w.t.Fatalf("the server has ended: %v", w.server.err)
		default:
		}
		_, err := w.get("/readyz")
		return err == nil
	})
}

// terminate is SIGTERM; the server has to end well, and in time.
func (w *town) terminate() {
	w.t.Helper()
	must(w.t, w.server.cmd.Process.Signal(syscall.SIGTERM))
	if err := w.server.ended(w.t, patience); err != nil {
		w.t.Errorf("the server ended badly: %v", err)
	}
}

// as is a context of somebody who calls.
func (w *town) as(ctx context.Context, role typepb.Role, id string) context.Context {
	w.t.Helper()
	token, err := wire.NewSigner(w.key.private).Mint(wire.Caller{Role: role, ID: id}, time.Now(),
		time.Hour)
	must(w.t, err)
	return wire.WithToken(ctx, token)
}

func (w *town) asOps() context.Context {
	return w.as(w.t.Context(), typepb.Role_ROLE_OPS, "test")
}

// client gives up on a server that hangs.
var client = &http.Client{Timeout: 10 * time.Second}

func (w *town) get(path string) ([]byte, error) {
	answer, err := client.Get("http://" + w.http + path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, answer.Status)
	}
	return body, err
}

// figures are what /metrics has, by series.
type figures map[string]float64

// figures are empty while the server is away.
func (w *town) figures() figures {
	f := figures{}
	text, err := w.get("/metrics")
	if err != nil {
		return f
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		series, value, _ := strings.Cut(lines.Text(), "} ")
		if !strings.Contains(series, "{") {
			series, value, _ = strings.Cut(lines.Text(), " ")
		}
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			f[series] = v
		}
	}
	return f
}

// of are the series that begin with some words, for a log; buckets are left out.
func (f figures) of(begins ...string) string {
	var lines []string
	for series, value := range f {
		for _, begin := range begins {
			if strings.HasPrefix(series, begin) && !strings.Contains(series, "_bucket") {
				lines = append(lines, fmt.Sprintf("%s %g\n", series, value))
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// stage is how many rides of a city came to a stage of the funnel in this life of the server.
func (f figures) stage(city, act string) int {
	return int(f[fmt.Sprintf(`hexhail_rides_total{act=%q,city=%q,kind="hailed"`, act, city)])
}

// count is how many rides are in a state, at most limit (200).
func (w *town) count(city string, state typepb.RideState, limit int) int {
	got, err := w.ops.ListRides(w.asOps(), &opspb.ListRidesRequest{
		City: city, State: state, PageSize: int32(limit),
	})
	if err != nil {
		return 0 // asked again
	}
	return len(got.GetRides())
}

// held are the rides of a city whose subsidy is held.
func (w *town) held(city string) map[string]bool {
	w.t.Helper()
	held := map[string]bool{}
	page := &opspb.ListHoldsRequest{City: city, PageSize: 100}
	for {
		got, err := w.ops.ListHolds(w.asOps(), page)
		must(w.t, err)
		for _, h := range got.GetHolds() {
			held[h.GetRideId()] = true
		}
		if page.PageToken = got.GetNextPageToken(); page.PageToken == "" {
			return held
		}
	}
}

// rides are all of a city.
func (w *town) rides(city string) (all []*typepb.Ride) {
	w.t.Helper()
	page := &opspb.ListRidesRequest{City: city, PageSize: 200}
	for {
		got, err := w.ops.ListRides(w.asOps(), page)
		must(w.t, err)
		all = append(all, got.GetRides()...)
		if page.PageToken = got.GetNextPageToken(); page.PageToken == "" {
			return all
		}
	}
}

// eventually polls for what nothing tells of.
func eventually(t testing.TB, what string, within time.Duration, is func() bool) {
	t.Helper()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(within); !is(); <-look.C {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
