//go:build race

package storetest

// slow is how many times less a load test does under the race detector, where SQLite, which is Go
// here, is about that many times slower.
const slow = 10
