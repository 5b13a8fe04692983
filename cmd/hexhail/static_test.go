// Without the race detector only: the binary under test is another process, which it does not see,
// and the figures would be of a machine busy with something else.
//go:build linux && !race

package main

import (
	"bufio"
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What an image with nothing but the binary promises, and the slack that a busy machine gets here.
const (
	readyWithin   = 300 * time.Millisecond // on a data folder that is there already
	readySlack    = 3
	residentMB    = 80 // idle, after two seconds
	residentSlack = 1.2
	nobodysID     = 65532 // as the image has it: no name, no rights
)

// buildStatic builds with the script that builds the image's.
func buildStatic(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hexhail")
	build := exec.CommandContext(t.Context(),
		filepath.Join(moduleRoot(t), "scripts", "build"), "--static", path)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// jail is a root folder with the binary, its data and nothing else.
type jail struct {
	t    *testing.T
	root string
}

// newJail locks with root's rights or those in a user namespace of its own; where a user has
// neither, it skips.
func newJail(t *testing.T, path string) jail {
	t.Helper()
	j := jail{t, t.TempDir()}
	binary, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(j.root, "hexhail"), binary, 0o755); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(j.root, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(data, nobodysID, nobodysID); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := j.run("version").CombinedOutput(); err != nil && os.Geteuid() != 0 &&
		errors.Is(err, syscall.EPERM) && os.Getenv("CI") != "true" {
		t.Skip("SKIPPED: needs root, or user namespaces for everybody: ", err)
	} else if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return j
}

// run is the binary in its jail, without rights and without an environment.
func (j jail) run(args ...string) *exec.Cmd {
	cmd := exec.Command("/hexhail", args...)
	cmd.Dir, cmd.Env = "/", []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: j.root}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobodysID, Gid: nobodysID}
		return cmd
	}
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
	cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{
		{ContainerID: nobodysID, HostID: os.Geteuid(), Size: 1},
	}
	cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{
		{ContainerID: nobodysID, HostID: os.Getegid(), Size: 1},
	}
	return cmd
}

// server is a running one.
type server struct {
	cmd   *exec.Cmd
	http  string        // its address
	ready time.Duration // from the start of the process until it said so
}

// serve starts the service and waits until it is ready.
func (j jail) serve() server {
	j.t.Helper()
	cmd := j.run("serve", "--data-dir", "/data", "--grpc-addr", "127.0.0.1:0",
		"--http-addr", "127.0.0.1:0")
	log, err := cmd.StderrPipe()
	if err != nil {
		j.t.Fatal(err)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		j.t.Fatal(err)
	}
	j.t.Cleanup(func() { _ = cmd.Process.Kill() })
	var said struct{ Msg, HTTP string }
	var all bytes.Buffer
	for lines := bufio.NewScanner(log); said.Msg != "serving"; {
		if !lines.Scan() {
			_ = cmd.Wait()
			j.t.Fatalf("it ended: %s\n%s", cmd.ProcessState, &all)
		}
		all.Write(append(lines.Bytes(), '\n'))
		_ = json.Unmarshal(lines.Bytes(), &said) // other lines say other things
	}
	if text, err := get(j.t.Context(), "http://"+said.HTTP+"/readyz"); err != nil {
		j.t.Fatalf("%v: %s", err, text)
	}
	return server{cmd, said.HTTP, time.Since(began)}
}

// end asks it to go, which it does without a complaint.
func (j jail) end(s server) {
	j.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		j.t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		j.t.Errorf("it ended with %v", err)
	}
}

// figure is one that the kernel tells of a process: KiB of memory, the real user's id.
func figure(t *testing.T, pid int, name string) (value int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "\n"+name+":")
	if _, err := fmt.Sscan(rest, &value); err != nil || !ok {
		t.Fatalf("%s: %v", name, err)
	}
	return value
}

func TestStaticBinary(t *testing.T) {
	path := buildStatic(t)
	t.Run("needs nothing", func(t *testing.T) { needsNothing(t, path) })
	t.Run("serves alone and without rights", func(t *testing.T) { servesAlone(t, path) })
}

func needsNothing(t *testing.T, path string) {
	binary, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	for _, p := range binary.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("it wants a dynamic linker")
		}
	}
	if libraries, err := binary.ImportedLibraries(); err == nil && len(libraries) > 0 {
		t.Errorf("it wants %v", libraries)
	}
}

func servesAlone(t *testing.T, path string) {
	j := newJail(t, path)
	first := j.serve() // it makes the database and the key
	if uid := figure(t, first.cmd.Process.Pid, "Uid"); os.Geteuid() == 0 && uid != nobodysID {
		t.Errorf("it runs as %d", uid)
	}
	if out, err := j.run("health", "--data-dir", "/data").CombinedOutput(); err != nil {
		t.Errorf("health: %v: %s", err, out)
	}
	j.end(first)
	if out, err := j.run("health", "--data-dir", "/data").CombinedOutput(); err == nil {
		t.Errorf("the health of nobody: %s", out)
	}

	again := j.serve()
	t.Logf("ready after %s, the first time after %s", again.ready, first.ready)
	if most := readySlack * readyWithin; again.ready > most {
		t.Errorf("ready after %s, want at most %s", again.ready, most)
	}
	<-time.After(2 * time.Second) // what the start has used is given back by then
	residentNow := float64(figure(t, again.cmd.Process.Pid, "VmRSS")) / 1024
	t.Logf("%.1f MB resident", residentNow)
	if most := residentSlack * residentMB; residentNow > most {
		t.Errorf("%.1f MB resident, want at most %.0f", residentNow, most)
	}
	j.end(again)
}
