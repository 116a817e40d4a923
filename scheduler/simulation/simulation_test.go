package simulation

import ("testing";"time")
func TestTry(t *testing.T) {
	began := time.Now()
	r := Run(1, Options{Trace: t.Output()})
	t.Log(r.Steps, r.Terms, r.Tasks, len(r.Log), r.Hash, time.Since(began))
}
