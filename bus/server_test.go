package bus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"hexhail/bus/bustest"
)

// built is the nats-server of the version in go.mod, built once for all tests.
var built struct {
	once sync.Once
	dir  string
	err  error
}

// serverBinary builds the server's own main package out of the module cache.
func serverBinary(t testing.TB) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "hexhail-bus-"); built.err != nil {
			return
		}
		out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o",
			filepath.Join(built.dir, "nats-server"), "github.com/nats-io/nats-server/v2").
			CombinedOutput()
		if err != nil {
			built.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if errors.Is(built.err, exec.ErrNotFound) && os.Getenv("CI") != "true" {
		t.Skip("SKIPPED: no external nats-server: the go command is not in the path")
	}
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, "nats-server")
}

// process is an external server that can be killed and started again at the same address, with the
// same directory.
type process struct {
	binary, config string
	address, store string

	cmd    *exec.Cmd
	exited chan struct{}
}

// startServer writes a configuration, of which listen and jetstream are given, and starts a server.
func startServer(t testing.TB, more string) *process {
	t.Helper()
	dir := t.TempDir()
	p := &process{
		binary: serverBinary(t), config: filepath.Join(dir, "nats.conf"),
		address: bustest.FreeAddress(t), store: filepath.Join(dir, "store"),
	}
	text := fmt.Sprintf("listen: %q\njetstream { store_dir: %q }\n%s", p.address, p.store, more)
	if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p.start(t)
	t.Cleanup(func() { p.kill() })
	return p
}

func (p *process) start(t testing.TB) {
	t.Helper()
	p.cmd = exec.Command(p.binary, "-c", p.config)
	log, err := os.OpenFile(p.config+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err = p.cmd.Start()
	_ = log.Close()
	if err != nil {
		t.Fatal(err)
	}
	exited, cmd := make(chan struct{}), p.cmd
	p.exited = exited
	go func() {
		defer close(exited)
		_ = cmd.Wait() // it is killed
	}()
	eventually(t, "the server listens", func() bool {
		c, err := net.Dial("tcp", p.address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

// kill is kill -9, and waits until the process is gone.
func (p *process) kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	<-p.exited
	p.cmd = nil
}

func (p *process) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// backend is a kind of bus; start starts one and returns how further nodes of it are opened. They
// are closed when the test ends.
type backend struct {
	name  string
	start func(t testing.TB) (open func() *Bus)
}

func backends() []backend {
	return []backend{
		{"embedded", startEmbedded},
		{"external", func(t testing.TB) func() *Bus {
			p := startServer(t, "")
			return func() *Bus { return opened(t, Config{URL: "nats://" + p.address}) }
		}},
		{"external with TLS and credentials", func(t testing.TB) func() *Bus {
			_, c := startSecure(t)
			return func() *Bus { return opened(t, c) }
		}},
	}
}

// startEmbedded gives the first node a server of its own, which the others share.
func startEmbedded(t testing.TB) func() *Bus {
	var first *Bus
	c := Config{Dir: t.TempDir()}
	return func() *Bus {
		t.Helper()
		if first == nil {
			first = opened(t, c)
			return first
		}
		config := c
		config.Log = testLog(t)
		b, err := connect(t.Context(), config, first.server)
		if err != nil {
			t.Fatal(err)
		}
		closeAfter(t, b)
		return b
	}
}

func opened(t testing.TB, c Config) *Bus {
	t.Helper()
	c.Log = testLog(t)
	b, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, b)
	return b
}

func closeAfter(t testing.TB, b *Bus) {
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := b.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
}

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// eventually polls for what nothing tells of.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// next is what comes out of a channel.
func next[T any](t testing.TB, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("never came: %s", what)
		panic("unreachable")
	}
}

// settle waits until all that the nodes have sent so far has been handled by all of them: each
// sends each a message and waits for its handling, twice over, since a handler may have sent too.
func settle(t testing.TB, nodes ...*Bus) {
	t.Helper()
	for range 2 {
		for _, from := range nodes {
			flushed := make(chan error, 1)
			if !from.out.perform(func() { flushed <- from.nc.FlushTimeout(patience) }) {
				t.Fatal("closed")
			}
			if err := next(t, "a flush", flushed); err != nil {
				t.Fatal(err)
			}
		}
		for _, b := range nodes {
			if err := b.nc.FlushTimeout(patience); err != nil {
				t.Fatal(err)
			}
			eventually(t, "all messages are handled", func() bool { return b.pending(t) == 0 })
		}
	}
}

// pending is how many messages wait in subscriptions. The one that is being handled is not counted
// by NATS, so that this may be a moment early.
func (b *Bus) pending(t testing.TB) int {
	t.Helper()
	b.tracked.mu.Lock()
	defer b.tracked.mu.Unlock()
	n := len(b.watches.inbox)
	for sub := range b.tracked.subs {
		waiting, _, err := sub.Pending()
		if err != nil {
			t.Fatal(err)
		}
		n += waiting
	}
	return n
}
