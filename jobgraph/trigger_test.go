package jobgraph

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseTrigger(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, want, names string }{
		{"A", "A", "A"},
		{"A && B", "A && B", "A B"},
		{"A&&B||C", "A && B || C", "A B C"},
		{"A && (B || failed(C))", "A && (B || failed(C))", "A B C"},
		{"(A && B) && C", "A && B && C", "A B C"},
		{"succeeded(A) || done( 'my job' )", `A || done("my job")`, "A|my job"},
		{`"a\"b" || 'it\'s'`, `"a\"b" || "it's"`, `a"b|it's`},
		{"((((A))))", "A", "A"},
		{"failed || done", "failed || done", "failed done"}, // jobs of that name
		{"A || A && A", "A || A && A", "A"},
		{"etl.load-2#x", "etl.load-2#x", "etl.load-2#x"},
	} {
		got, err := ParseTrigger(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got.String() != tt.want {
			t.Errorf("%s is written %s, want %s", tt.text, got, tt.want)
		}
		sep := " "
		if strings.Contains(tt.names, "|") {
			sep = "|"
		}
		if names := strings.Join(got.Names(), sep); names != tt.names {
			t.Errorf("%s: names %q, want %q", tt.text, names, tt.names)
		}
	}
	for _, tt := range []struct{ text, want string }{
		{"", "at the end: want a job's name or ("},
		{"A &&", "at the end: want a job's name or ("},
		{"A B", "at position 3: want &&, || or the end"},
		{"A & B", "at position 3: want &&, || or the end"},
		{"(A", "at the end: want )"},
		{"failed(A", "at the end: want )"},
		{"lost(A)", `"lost" is no function, want succeeded, failed or done`},
		{"'A", "at the end: want a closing '"},
		{"''", "at position 1: want a name that is not empty"},
		{"A || !B", "at position 6: want a job's name (quoted, if it has odd characters) or ("},
		{strings.Repeat("(", 60) + "A" + strings.Repeat(")", 60), "brackets are nested more than 50 deep"},
	} {
		if _, err := ParseTrigger(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.text, err, tt.want)
		}
	}
}

func TestEval(t *testing.T) {
	t.Parallel()
	trig, err := ParseTrigger("A && (B || failed(C))")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		holds string
		want  bool
	}{
		{"", false}, {"succeeded A", false}, {"succeeded A,succeeded B", true}, {"succeeded A,failed C", true},
		{"succeeded A,succeeded C", false}, {"failed C", false},
	} {
		got := trig.Eval(func(c Condition, p string) bool {
			return slices.Contains(strings.Split(tt.holds, ","), c.String()+" "+p)
		})
		if got != tt.want {
			t.Errorf("with %q: %v, want %v", tt.holds, got, tt.want)
		}
	}
	if All(nil).Eval(func(Condition, string) bool { return true }) {
		t.Error("a trigger without parents holds")
	}
}

func TestWithout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, gone, with, want string }{
		{"A && B", "B", "", "A"},
		{"A && B", "B", "X Y", "A && X && Y"},
		{"A || failed(B)", "B", "X", "A"},
		{"done(B)", "B", "X", "X"},
		{"failed(B)", "B", "X", "<nil>"},
		{"A && (B || C)", "B", "", "A && C"},
		{"A", "B", "X", "A"},
	} {
		trig, err := ParseTrigger(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		var with *Trigger
		if tt.with != "" {
			with = All(strings.Fields(tt.with))
		}
		got := "<nil>"
		if left := trig.Without(tt.gone, with); left != nil {
			got = left.String()
			if again, err := ParseTrigger(got); err != nil || again.String() != got {
				t.Errorf("%s cannot be read back: %v", got, err)
			}
		}
		if got != tt.want {
			t.Errorf("%s without %s: %s, want %s", tt.text, tt.gone, got, tt.want)
		}
	}
}

// TestTriggerRoundTrip: what is written is read back and means the same.
func TestTriggerRoundTrip(t *testing.T) {
	t.Parallel()
	name := rapid.SampledFrom([]string{"a", "b", "my job", `q"uo\te`, "x.y", "failed"})
	var expr func(depth int) *rapid.Generator[*Trigger]
	expr = func(depth int) *rapid.Generator[*Trigger] {
		return rapid.Custom(func(t *rapid.T) *Trigger {
			if depth == 0 || rapid.Bool().Draw(t, "leaf") {
				return &Trigger{condition: Condition(rapid.IntRange(0, 2).Draw(t, "condition")), name: name.Draw(t, "name")}
			}
			return &Trigger{op: rapid.SampledFrom([]byte("&|")).Draw(t, "op"), parts: rapid.SliceOfN(expr(depth-1), 2, 3).Draw(t, "parts")}
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		trig := expr(3).Draw(t, "trigger")
		back, err := ParseTrigger(trig.String())
		if err != nil {
			t.Fatalf("%s: %v", trig, err)
		}
		salt := rapid.Uint64().Draw(t, "world")
		world := func(c Condition, p string) bool {
			h := salt
			for _, b := range []byte(p) {
				h = h*31 + uint64(b)
			}
			return h>>(uint(c)+3)&1 == 1
		}
		if trig.Eval(world) != back.Eval(world) {
			t.Fatalf("%s and %s differ", trig, back)
		}
	})
}

func FuzzTrigger(f *testing.F) {
	for _, s := range []string{"A", "A && (B || failed(C))", `"a b"||'c'`, "((", "&&", "succeeded(x)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		trig, err := ParseTrigger(text)
		if err != nil {
			return
		}
		back, err := ParseTrigger(trig.String())
		if err != nil || back.String() != trig.String() {
			t.Errorf("%q is written %q, which is read as %v, %v", text, trig, back, err)
		}
	})
}
