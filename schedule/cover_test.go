package schedule

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// fewest is how many cosets modulo n a set needs, by trying all of them.
func fewest(n int, set uint32, known map[uint32]int) int {
	if set == 0 {
		return 0
	}
	if best, there := known[set]; there {
		return best
	}
	x, best := 0, 99
	for set>>x&1 == 0 {
		x++
	}
	for d := 1; d <= n; d++ {
		if n%d != 0 {
			continue
		}
		k := uint32(0)
		for y := x % d; y < n; y += d {
			k |= 1 << y
		}
		if k&set == k {
			best = min(best, 1+fewest(n, set&^k, known))
		}
	}
	known[set] = best
	return best
}

func checkPartition(t failer, set []int, n int, cosets []coset) {
	t.Helper()
	var all []int
	for _, k := range cosets {
		if k.step < 1 || n%k.step != 0 || k.rest < 0 || k.rest >= k.step {
			t.Fatalf("%v modulo %d: coset %v", set, n, k)
		}
		for x := k.rest; x < n; x += k.step {
			all = append(all, x)
		}
	}
	slices.Sort(all)
	if !slices.Equal(all, set) {
		t.Fatalf("%v modulo %d: %v has %v", set, n, cosets, all)
	}
}

// TestPartitionIsSmallest compares all sets modulo small numbers with the brute force.
func TestPartitionIsSmallest(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14} {
		known := make(map[uint32]int)
		for mask := range uint32(1) << n {
			set := members(n, mask)
			got, proven := partition(set, n, n)
			checkPartition(t, set, n, got)
			if want := fewest(n, mask, known); len(got) != want || !proven {
				t.Fatalf("%v modulo %d: %v, %v, want %d", set, n, got, proven, want)
			}
		}
	}
}

func members(n int, mask uint32) (set []int) {
	for x := range n {
		if mask>>x&1 == 1 {
			set = append(set, x)
		}
	}
	return set
}

// TestPartitionOfLarger: sets made of cosets, modulo 24 and 30, against the brute force.
func TestPartitionOfLarger(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{18, 20, 24, 28, 30}).Draw(t, "n")
		mask := uint32(0)
		for range rapid.IntRange(1, 4).Draw(t, "cosets") {
			d := rapid.SampledFrom([]int{2, 3, 4, 5, 6, 7, 10, 12, 15, 30}).Draw(t, "step")
			for x := rapid.IntRange(0, d-1).Draw(t, "rest"); x < n; x += d {
				mask |= 1 << x
			}
		}
		mask &^= rapid.Uint32().Draw(t, "holes") & rapid.Uint32().Draw(t, "holes too") & rapid.Uint32().Draw(t, "holes also")
		set := members(n, mask&(1<<n-1))
		got, proven := partition(set, n, n)
		checkPartition(t, set, n, got)
		if want := fewest(n, mask&(1<<n-1), map[uint32]int{}); len(got) != want || !proven {
			t.Fatalf("%v modulo %d: %v, %v, want %d", set, n, got, proven, want)
		}
	})
}

// TestPartitionOfDay: what greed would get wrong, what is large, and what is too much.
func TestPartitionOfDay(t *testing.T) {
	t.Parallel()
	every := func(from, step, n int) (set []int) {
		for x := from; x < n; x += step {
			set = append(set, x)
		}
		return set
	}
	union := func(sets ...[]int) []int {
		all := slices.Concat(sets...)
		slices.Sort(all)
		return slices.Compact(all)
	}
	for _, c := range []struct {
		set  []int
		want int
	}{
		{nil, 0}, {every(0, 1, 86400), 1}, {every(7, 90, 86400), 1}, {[]int{30}, 1}, {[]int{30, 43230}, 1},
		{union(every(0, 420, 3600), every(3600, 420, 7200)), 18},
		{union(every(0, 2, 86400), every(0, 3, 86400)), 2},
		{union(every(0, 120, 86400), every(60, 180, 86400)), 2},
		{union(every(0, 120, 86400), every(0, 180, 86400), every(0, 300, 86400)), 4},
	} {
		got, proven := partition(c.set, 86400, 100)
		checkPartition(t, c.set, 86400, got)
		if len(got) != c.want || !proven {
			t.Errorf("%d numbers: %v, %v, want %d", len(c.set), got, proven, c.want)
		}
	}
	if got, _ := partition(every(0, 1, 32400), 86400, 1000); got != nil {
		t.Errorf("%d cosets, want none: they are too many", len(got))
	}
}

// TestPartitionEffort: the search ends also for sets that have no order.
func TestPartitionEffort(t *testing.T) {
	t.Parallel()
	seed := uint32(1)
	var set []int
	for x := range 1440 {
		if seed = seed*1664525 + 1013904223; seed>>24 < 200 {
			set = append(set, x*60)
		}
	}
	got, proven := partition(set, 86400, 2000)
	checkPartition(t, set, 86400, got)
	t.Logf("%d numbers: %d cosets, proven %v", len(set), len(got), proven)
}
