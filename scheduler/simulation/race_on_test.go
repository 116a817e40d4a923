//go:build race

package simulation

// slower is by how much fewer seeds are run: the simulation has no goroutines
// of its own to race, and the detector makes it many times slower.
const slower = 4
