package main

import (
	"testing"
)

// TestMutantsFit: the lines that the mutants break are still there, each once.
// Whoever changes them mends the mutant; make mutate tells whether it is caught.
func TestMutantsFit(t *testing.T) {
	t.Chdir("../..")
	if _, err := readAll(""); err != nil {
		t.Error(err)
	}
}
