package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"hexhail/wire"
)

// clockFile keeps a sandbox's clock, in its data folder.
const clockFile = "clock.json"

// openClock is the city clock: real time, or in a sandbox the one that its data folder keeps, which
// the first start sets going.
func openClock(c config, now time.Time) (wire.Clock, error) {
	if !c.Sandbox {
		return wire.NewClock(), nil
	}
	path := filepath.Join(c.DataDir, clockFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return startClock(c, path, now)
	}
	if err != nil {
		return wire.Clock{}, err
	}
	var clock wire.Clock
	if err = json.Unmarshal(text, &clock); err == nil {
		err = clock.Check()
	}
	if err != nil {
		return clock, fmt.Errorf("%s: %w", path, err)
	}
	if epoch, ok := c.epoch(); ok && !epoch.Equal(clock.Epoch) || c.ClockRate != clock.Rate {
		return clock, &usageError{fmt.Errorf(
			"clock-rate and clock-epoch: %s runs at %g since %s, and keeps its clock",
			c.DataDir, clock.Rate, clock.Epoch.Format(time.RFC3339))}
	}
	return clock, nil
}

func (c config) epoch() (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, c.ClockEpoch)
	return at, err == nil
}

func startClock(c config, path string, now time.Time) (wire.Clock, error) {
	clock := wire.Clock{Epoch: now, Start: now, Rate: c.ClockRate}
	if epoch, ok := c.epoch(); ok {
		clock.Epoch = epoch
	}
	text, err := json.Marshal(clock)
	if err != nil {
		return clock, err
	}
	return clock, os.WriteFile(path, append(text, '\n'), 0o600)
}
