package mesos

import (
	"fmt"
	"strconv"
	"strings"
)

// Version is a version of Mesos.
type Version struct{ Major, Minor, Patch int }

// ParseVersion reads a version such as 1.11.0 or 1.5.0-rc1. Masters before 1.1
// do not say theirs, so whatever can't be read is 1.0 (Mesos contract 6).
func ParseVersion(text string) Version {
	number, _, _ := strings.Cut(text, "-")
	var out [3]int
	for i, part := range strings.SplitN(number, ".", 3) {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return Version{Major: 1}
		}
		out[i] = int(n)
	}
	return Version{out[0], out[1], out[2]}
}

// AtLeast tells whether v is major.minor or later.
func (v Version) AtLeast(major, minor int) bool {
	return v.Major > major || v.Major == major && v.Minor >= minor
}

// String returns v as major.minor.patch.
func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch) }
