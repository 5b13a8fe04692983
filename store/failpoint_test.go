package store_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"hexhail/dispatch"
	"hexhail/store"
	"hexhail/store/storetest"
)

const victimVariable = "HEXHAIL_TEST_VICTIM"

// TestVictim is the process that the failpoints kill.
func TestVictim(t *testing.T) {
	url := os.Getenv(victimVariable)
	if url == "" {
		return // only as a process of its own
	}
	kill, err := storetest.Failpoint()
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, url, kill)
	for _, id := range []dispatch.RiderID{"first", "second"} {
		if err := db.Tx(t.Context(), func(tx dispatch.Tx) error {
			return tx.InsertRider(dispatch.Rider{ID: id})
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFailpoints kills a process before and after its second commit.
func TestFailpoints(t *testing.T) {
	for point, kept := range map[string]bool{
		store.PauseBeforeCommit: false, store.PauseAfterCommit: true,
	} {
		url := "sqlite:" + filepath.Join(t.TempDir(), "hexhail.db")
		victim := exec.Command(os.Args[0], "-test.run=^TestVictim$")
		victim.Env = append(os.Environ(),
			victimVariable+"="+url, storetest.FailpointVariable+"="+point+":2")
		out, err := victim.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			t.Fatalf("%s: the process has not died: %v\n%s", point, err, out)
		}
		status, ok := exit.Sys().(syscall.WaitStatus)
		if !ok || status.Signal() != syscall.SIGKILL {
			t.Fatalf("%s: the process was not killed: %v\n%s", point, err, out)
		}
		db := open(t, url)
		for id, want := range map[dispatch.RiderID]bool{"first": true, "second": kept} {
			err := db.Tx(t.Context(), func(tx dispatch.Tx) error {
				_, err := tx.Rider(id)
				return err
			})
			if (err == nil) != want {
				t.Errorf("%s: %s stored: %v, want %v", point, id, err, want)
			}
		}
	}
	t.Setenv(storetest.FailpointVariable, "before-commit:often")
	if _, err := storetest.Failpoint(); err == nil {
		t.Error("a number that is none")
	}
}
