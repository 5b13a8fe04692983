//go:build !race

package storetest

// slow is how many times less a load test does: without the race detector all of it.
const slow = 1
