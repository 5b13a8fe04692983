package main

import (
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// How the process uses memory, unless the environment's GOGC and GOMEMLIMIT say otherwise.
const (
	// garbagePct is how much garbage there may be beside what lives, in per cent. Messages of many
	// streams are nearly all garbage: at Go's 100 a seventh of the work is to collect it, at 400 a
	// twentieth.
	garbagePct = 400
	// memoryShare is the share of the machine's, or its container's, memory from which on garbage
	// is collected more often instead.
	memoryShare = 0.7
)

// useMemory sets the garbage collector.
func useMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePct)
	}
	limits := memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)
	// Where neither can be read there is no limit, as always with Go.
	_, _ = memlimit.Set(
		memlimit.WithRatio(memoryShare), memlimit.WithProvider(limits))
}
