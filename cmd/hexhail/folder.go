package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// lockWait is how long a start waits for the lock: `hexhail health` holds it for a moment, and a
// server that is on its last step a little longer.
const (
	lockWait  = time.Second
	lockEvery = 50 * time.Millisecond
)

// dataFolder is a server's, for itself alone. Its file "lock" is locked as long as the server runs,
// and holds its process id; the file stays when the lock goes, so that there is but one. The file
// "address" says where the server listens, and is there only while it does.
type dataFolder struct {
	path string
	lock *os.File
	new  bool // its kind is not settled for good: no server has ever served it
}

// openDataFolder makes the folder if it is not there, and takes it. It is an error that another
// server has it.
func openDataFolder(ctx context.Context, path string) (*dataFolder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	d := &dataFolder{path: path, lock: lock}
	if err := d.take(ctx); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return d, nil
}

func (d *dataFolder) take(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	for {
		taken, err := lockFile(d.lock, true)
		if err != nil {
			return fmt.Errorf("data-dir %s: the file lock: %w", d.path, err)
		}
		if !taken {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("data-dir %s is already served by %s", d.path, d.holder())
		case <-time.After(lockEvery):
		}
	}
	// What a server that was killed has left is of no use to anybody.
	if err := d.forgetAddresses(); err != nil {
		return err
	}
	if err := d.lock.Truncate(0); err != nil {
		return err
	}
	_, err := d.lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// holder is who has the lock, as far as its files tell.
func (d *dataFolder) holder() string {
	who := "another process"
	if text, err := os.ReadFile(d.lock.Name()); err == nil && len(text) > 0 {
		who = "process " + strings.TrimSpace(string(text))
	}
	if at, err := readAddressFile(d.path); err == nil {
		who += " at " + at.GRPC
	}
	return who
}

// kindFile says whether the data are a sandbox's. The first start writes it.
const kindFile = "kind"

// The kinds: a sandbox has money from nowhere and may have a clock of its own, so neither may ever
// be taken for the other.
const (
	kindSandbox = "sandbox"
	kindReal    = "real"
)

// unsettle takes back the kind that a start gave which failed before it had served anybody, so that
// the next one may choose again.
func (d *dataFolder) unsettle() error {
	if !d.new {
		return nil
	}
	var all error
	for _, name := range []string{kindFile, clockFile} {
		err := os.Remove(filepath.Join(d.path, name))
		if !errors.Is(err, fs.ErrNotExist) {
			all = errors.Join(all, err)
		}
	}
	return all
}

// settle says that the folder is a sandbox's, or is none, and refuses one that was made as the
// other. A folder of before there were kinds is a sandbox's if it keeps a clock.
func (d *dataFolder) settle(sandbox bool) error {
	wanted := kindReal
	if sandbox {
		wanted = kindSandbox
	}
	path := filepath.Join(d.path, kindFile)
	text, err := os.ReadFile(path)
	kind := strings.TrimSpace(string(text))
	if errors.Is(err, fs.ErrNotExist) {
		if sandbox || !hasFile(filepath.Join(d.path, clockFile)) {
			d.new = !hasFile(filepath.Join(d.path, clockFile))
			return replaceFile(path, []byte(wanted+"\n"))
		}
		kind, err = kindSandbox, nil
	}
	switch {
	case err != nil:
		return err
	case kind == wanted:
		return nil
	case kind == kindSandbox:
		return &usageError{fmt.Errorf("sandbox: %s was made with --sandbox, its money may be from "+
			"nowhere: it is served with --sandbox only", d.path)}
	case kind == kindReal:
		return &usageError{fmt.Errorf("sandbox: %s was made without --sandbox, its money is real: "+
			"it is served without --sandbox only", d.path)}
	default:
		return fmt.Errorf("%s must be %s or %s, not %.20q", path, kindSandbox, kindReal, kind)
	}
}

func hasFile(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Close gives the folder back.
func (d *dataFolder) Close() error {
	return errors.Join(d.forgetAddresses(), d.lock.Close())
}

// addresses is the file "address" in the data folder: where a server of it listens.
type addresses struct {
	GRPC string `json:"grpc"`
	HTTP string `json:"http"`
	// Sandbox is where the stand-ins of the channels are, "" without them.
	Sandbox string `json:"sandbox,omitempty"`
}

const addressFile = "address"

// write is atomic: who reads it has all of it.
func (d *dataFolder) write(at addresses) error {
	text, err := json.Marshal(at)
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(d.path, addressFile), append(text, '\n'))
}

func replaceFile(path string, text []byte) error {
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func (d *dataFolder) forgetAddresses() error {
	err := os.Remove(filepath.Join(d.path, addressFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// readAddresses says where the server of a data folder listens. A file that a killed server has
// left is an error, as if there was none: whoever listens there now is not that server.
func readAddresses(path string) (addresses, error) {
	lock, err := os.Open(filepath.Join(path, "lock"))
	if err != nil {
		return addresses{}, err
	}
	defer func() { _ = lock.Close() }() // it was only read
	taken, err := lockFile(lock, false)
	if err != nil {
		return addresses{}, err
	}
	if !taken {
		return addresses{}, fmt.Errorf("nobody serves %s", path)
	}
	return readAddressFile(path)
}

func readAddressFile(path string) (addresses, error) {
	var at addresses
	text, err := os.ReadFile(filepath.Join(path, addressFile))
	if err == nil {
		err = json.Unmarshal(text, &at)
	}
	return at, err
}
