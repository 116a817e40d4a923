package schedule

import (
	"cmp"
	"slices"
)

// A coset is what a period makes of the times of a day: rest, rest + step,
// rest + 2 × step, …; the step divides the day.
type coset struct{ rest, step int }

// maxEffort bounds the search for the smallest partition, in looks at an element
// and a divisor. It is a fraction of a second.
const maxEffort = 30_000_000

// partition divides a set of numbers, sorted and each from 0 to modulus-1,
// into cosets that have no number in common: as few as there can be, which
// proven says. Each step divides the modulus. If there must be more than most,
// it gives up: then the cosets are nil.
//
// Two reductions come first, and neither can cost a coset. If all numbers are
// equal modulo h, which divides the modulus, so are all steps of two and more
// numbers multiples of h, and the rest can be looked at alone. If the set has the period n,
// steps that do not divide n are of no use: write numbers by the remainders of
// the powers of primes, each remainder a path in a tree. A coset is then a box of
// subtrees. Of each node at n's depth keep one leaf: what each box keeps is a
// box of depth n or nothing, so any partition gives one of no more boxes, all
// of n's depth.
func partition(set []int, modulus, most int) (cosets []coset, proven bool) {
	if len(set) == 0 {
		return nil, true
	}
	first, h := set[0], modulus
	for _, x := range set {
		h = gcd(h, x-first)
	}
	n := modulus / h
	in := make([]bool, n)
	for _, x := range set {
		in[(x-first)/h] = true
	}
	for _, p := range []int{2, 3, 5, 7} { // no other primes divide a day or a year
		for n%p == 0 && periodic(in[:n], n/p) {
			n /= p
		}
	}
	c := newCover(in[:n])
	if c.bound() > most {
		return nil, false
	}
	proven = true
	for _, part := range c.parts() {
		found, best := c.smallest(part)
		cosets, proven = append(cosets, found...), proven && best
	}
	if len(cosets) > most {
		return nil, false
	}
	for i, k := range cosets {
		step := k.step * h
		cosets[i] = coset{(k.rest*h + first) % step, step}
	}
	slices.SortFunc(cosets, func(a, b coset) int { return cmp.Or(cmp.Compare(a.step, b.step), cmp.Compare(a.rest, b.rest)) })
	return cosets, proven
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, -a)
}

func periodic(in []bool, p int) bool {
	for i := p; i < len(in); i++ {
		if in[i] != in[i-p] {
			return false
		}
	}
	return true
}

// cover is the search for a partition of a set modulo n.
type cover struct {
	n      int
	in     []bool  // the numbers that are not in a coset yet
	steps  []int   // the divisors of n, ascending
	count  [][]int // of each step and rest, how many numbers are still there
	effort int     // what is left of maxEffort
	cut    bool    // a search was cut short
}

func newCover(in []bool) *cover {
	c := &cover{n: len(in), in: in, effort: maxEffort}
	for d := 1; d <= c.n; d++ {
		if c.n%d == 0 {
			c.steps = append(c.steps, d)
			c.count = append(c.count, make([]int, d))
		}
	}
	for x, there := range in {
		if there {
			c.move(x, 1)
		}
	}
	return c
}

// move adds a number to the counts, or takes it away.
func (c *cover) move(x, by int) {
	c.in[x] = by > 0
	for i, d := range c.steps {
		c.count[i][x%d] += by
	}
}

// take takes a coset's numbers away, or puts them back.
func (c *cover) take(k coset, by int) {
	for x := k.rest; x < c.n; x += k.step {
		c.move(x, by)
	}
}

// whole says whether all numbers of the i-th step's coset of x are there.
func (c *cover) whole(i, x int) bool { return c.count[i][x%c.steps[i]] == c.n/c.steps[i] }

// shortest is the smallest step of a coset of x that is there.
func (c *cover) shortest(x int) int {
	for i, d := range c.steps {
		if c.whole(i, x) {
			return d
		}
	}
	return c.n
}

// bound is how many cosets there must be at least. A number whose longest coset has
// s numbers weighs 1/s; then no coset weighs more than 1.
func (c *cover) bound() int {
	weight := 0
	for x, there := range c.in {
		if there {
			weight += c.shortest(x)
		}
	}
	return (weight + c.n - 1) / c.n
}

// parts groups the numbers: those in different parts have no coset in common.
func (c *cover) parts() (parts [][]int) {
	group := make([]int, c.n)
	for x := range group {
		group[x] = x
	}
	var find func(x int) int
	find = func(x int) int {
		if group[x] != x {
			group[x] = find(group[x])
		}
		return group[x]
	}
	for i, d := range c.steps {
		for r := range d {
			if c.whole(i, r) {
				for x := r; x < c.n; x += d {
					group[find(x)] = find(r)
				}
			}
		}
	}
	at := make(map[int]int)
	for x, there := range c.in {
		if !there {
			continue
		}
		g := find(x)
		if _, known := at[g]; !known {
			at[g] = len(parts)
			parts = append(parts, nil)
		}
		parts[at[g]] = append(parts[at[g]], x)
	}
	return parts
}

// smallest finds a smallest partition of a part.
func (c *cover) smallest(part []int) (best []coset, proven bool) {
	best = c.greedy(part)
	c.cut = false
	var now []coset
	var search func()
	search = func() {
		pick, choices, weight := -1, 0, 0
		for _, x := range part {
			if !c.in[x] {
				continue
			}
			weight += c.shortest(x)
			n := 0
			for i := range c.steps {
				if c.whole(i, x) {
					n++
				}
			}
			if pick < 0 || n < choices {
				pick, choices = x, n
			}
		}
		if pick < 0 {
			best = slices.Clone(now)
			return
		}
		c.effort -= len(part) * len(c.steps)
		for i, d := range c.steps {
			if len(now)+(weight+c.n-1)/c.n >= len(best) {
				return
			}
			if c.effort < 0 {
				c.cut = true
				return
			}
			if c.whole(i, pick) {
				k := coset{pick % d, d}
				c.take(k, -1)
				now = append(now, k)
				search()
				now = now[:len(now)-1]
				c.take(k, 1)
			}
		}
	}
	search()
	return best, !c.cut
}

// greedy takes the longest coset again and again.
func (c *cover) greedy(part []int) (found []coset) {
	for i, d := range c.steps {
		for _, x := range part {
			if c.in[x] && c.whole(i, x) {
				k := coset{x % d, d}
				c.take(k, -1)
				found = append(found, k)
			}
		}
	}
	for _, k := range found {
		c.take(k, 1)
	}
	return found
}
