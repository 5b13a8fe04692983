//go:build !race

package sim_test

// slow is 1: the cities of the tests are as large as they are meant to be.
const slow = 1
