//go:build race

package sim_test

// slow is how much smaller a test's city is under the race detector, which makes it 15 times
// slower.
const slow = 4
