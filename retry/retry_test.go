package retry

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNext(t *testing.T) {
	t.Parallel()
	const s = time.Second
	codes := func(texts ...string) (out []Codes) {
		for _, text := range texts {
			c, err := ParseCodes(text)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, c)
		}
		return out
	}
	fixed := Policy{Retries: 2, Interval: 3 * s}
	grow := Policy{Retries: 9, Interval: 3 * s, Backoff: Exponential}
	capped := Policy{Retries: 99, Interval: 3 * s, Backoff: Exponential, MaxInterval: 10 * s}
	for _, tt := range []struct {
		name     string
		p        Policy
		failures int
		code     int
		delay    time.Duration
		again    bool
	}{
		{"first", fixed, 1, 1, 3 * s, true},
		{"second", fixed, 2, 1, 3 * s, true},
		{"no more", fixed, 3, 1, 0, false},
		{"none at all", Policy{}, 1, 1, 0, false},
		{"grows", grow, 1, 1, 3 * s, true},
		{"doubles", grow, 2, 1, 6 * s, true},
		{"doubles again", grow, 4, 1, 24 * s, true},
		{"cap", capped, 3, 1, 10 * s, true},
		{"far beyond the cap", capped, 99, 1, 10 * s, true},
		{"never overflows", Policy{Retries: 10000, Interval: time.Hour, Backoff: Exponential}, 9999, 1, MaxDelay, true},
		{"listed code", Policy{Retries: 1, On: codes("75", "1-3")}, 1, 2, 0, true},
		{"other code", Policy{Retries: 1, On: codes("75", "1-3")}, 1, 4, 0, false},
		{"no code", Policy{Retries: 1, On: codes("75")}, 1, NoCode, 0, false},
		{"no code, no list", Policy{Retries: 1}, 1, NoCode, 0, true},
	} {
		delay, again := tt.p.Next(tt.failures, tt.code, "key")
		if delay != tt.delay || again != tt.again {
			t.Errorf("%s: %v, %v, want %v, %v", tt.name, delay, again, tt.delay, tt.again)
		}
	}
}

func TestJitterIsAHash(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := Policy{Retries: 1, Interval: time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "interval")), Jitter: rapid.Float64Range(0, 1).Draw(t, "jitter")}
		key := rapid.String().Draw(t, "key")
		d, _ := p.Next(1, 1, key)
		again, _ := p.Next(1, 1, key)
		if d != again {
			t.Fatalf("the same attempt waits %v and %v", d, again)
		}
		if longest := p.Interval + time.Duration(p.Jitter*float64(p.Interval)); d < p.Interval || d > longest {
			t.Fatalf("waits %v, want %v to %v", d, p.Interval, longest)
		}
	})
	// The keys of neighbouring attempts must spread over the whole range.
	var low, high int
	for i := range 1000 {
		if f := Fraction("ct:1767225610000:" + string(rune('0'+i%10)) + ":job" + time.Duration(i).String()); f < .25 {
			low++
		} else if f >= .75 {
			high++
		}
	}
	if low < 150 || low > 350 || high < 150 || high > 350 {
		t.Errorf("of 1000 keys %d lie in the first quarter and %d in the last, want about 250", low, high)
	}
}

func TestAfterLoss(t *testing.T) {
	t.Parallel()
	for losses, want := range map[int]time.Duration{1: 0, 2: time.Second, 3: 2 * time.Second, 8: 60 * time.Second, 10: 60 * time.Second} {
		if d, again := AfterLoss(losses); d != want || !again {
			t.Errorf("loss %d: %v, %v, want %v, true", losses, d, again, want)
		}
	}
	if _, again := AfterLoss(MaxLosses + 1); again {
		t.Error("losses are made good for ever")
	}
}

func TestParseCodes(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "-", "1-", "-1", "256", "5-3", "a", "1-2-3", "1 - 2"} {
		if c, err := ParseCodes(bad); err == nil {
			t.Errorf("%q is read as %v", bad, c)
		}
	}
}

func FuzzCodes(f *testing.F) {
	for _, s := range []string{"75", "1-63", "0", "255", "9-1", "+1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCodes(text)
		if err != nil {
			return
		}
		if back, err := ParseCodes(c.String()); err != nil || back != c {
			t.Errorf("%q is %v, written %q, read as %v, %v", text, c, c, back, err)
		}
	})
}
