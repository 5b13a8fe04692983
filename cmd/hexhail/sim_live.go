package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"hexhail/dispatch"
	"hexhail/sim"
	"hexhail/wire"
)

// A live run has so much machine time to bring in its people and connect its phones before the
// first request is due: some for itself, and a second for so many people.
const (
	setupTime   = 3 * time.Second
	setupPerSec = 2500
)

// statusEvery is the time between two status lines of a live run.
const statusEvery = 2 * time.Second

// liveRate is how many calls a second one identity may make of a live run's own server: the people
// who bring in the city make all of them.
const liveRate = 100_000

// runLive lets the city of a virtual run talk to a server: one of its own, or another's.
func runLive(ctx context.Context, c sim.VirtualConfig, stderr io.Writer) (r sim.Report, err error) {
	c.Progress.Every = statusEvery
	live := sim.LiveConfig{
		Addr: c.Options.Addr, Phone: c.Options.Phone, City: c.City, Options: c.Options,
		Trips: c.Trips, Taxis: c.Taxis, Roads: c.Roads, Progress: c.Progress, Wall: c.Wall,
	}
	if c.Options.Addr != "" {
		key, err := readKey(c.Options.Key)
		if err != nil {
			return r, err
		}
		live.Key = wire.NewSigner(key.private)
		return sim.Live(ctx, live)
	}
	s, remove, err := openOwn(ctx, c, stderr)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		err = errors.Join(err, s.Close(closing))
	}()
	if err := s.invite(stderr); err != nil {
		return r, err
	}
	live.Addr, live.Key = s.grpcAt.Addr().String(), wire.NewSigner(s.key.private)
	if s.standins != nil {
		live.Phone = "http://" + s.standins.Addr().String() + "/phone"
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	// There is nothing to learn from a server that is ending.
	defer context.AfterFunc(s.broken, end)()
	r, err = sim.Live(ctx, live)
	return r, errors.Join(s.failure(), err)
}

// openOwn starts a server in a folder of its own, whose clock comes to the first request when the
// phones are connected. remove is for when the server is closed.
func openOwn(
	ctx context.Context, c sim.VirtualConfig, stderr io.Writer,
) (s *service, remove func() error, err error) {
	dir, err := os.MkdirTemp("", "hexhail-live-")
	if err != nil {
		return nil, nil, err
	}
	remove = func() error { return os.RemoveAll(dir) }
	speedup := c.Options.Speedup
	setup := setupTime + time.Duration(len(c.Trips)+len(c.Taxis))*time.Second/setupPerSec
	lead := time.Duration(float64(setup) * speedup)
	settings := config{
		DataDir: dir, Store: "sqlite:" + dir + "/hexhail.db", TokenKey: dir + "/token.key",
		GRPCAddr: c.Options.GRPCAddr, HTTPAddr: c.Options.HTTPAddr,
		FrameEvery: 50 * time.Millisecond, Reflection: true, RatePerS: liveRate,
		DrainFor: 5 * time.Second, LogLevel: "warn", Sandbox: true, Channels: noChannels,
		ClockRate:  speedup,
		ClockEpoch: c.Trips[0].At.Add(-lead).Format(time.RFC3339),
		only:       dispatch.Cities{c.City.ID: c.City},
	}
	if c.Options.WeChat+c.Options.Alipay > 0 {
		settings.Channels = standinChannels
	}
	if c.Options.EngineRoads {
		settings.onlyRoads = c.Roads
	}
	s, err = openService(ctx, settings, newLog(stderr, settings.LogLevel))
	if err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	return s, remove, nil
}

// invite says where a sandbox listens and how to look at it.
func (s *service) invite(w io.Writer) error {
	_, err := fmt.Fprintf(w, "gRPC %[1]s   metrics http://%[2]s/metrics   data %[3]s\n"+
		"grpcurl -plaintext -H \"authorization: Bearer "+
		"$(bin/hexhail token --data-dir %[3]s --role ops --id me)\" "+
		"-d '{\"city\": \"%[4]s\"}' %[1]s hexhail.ops.v1.OpsService/ListRides\n",
		s.grpcAt.Addr(), s.httpAt.Addr(), s.config.DataDir, slices.Sorted(maps.Keys(s.cities))[0])
	return err
}
