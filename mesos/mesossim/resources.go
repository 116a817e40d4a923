package mesossim

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// span is an inclusive range of a RANGES resource.
type span struct{ begin, end uint64 }

// amount is how much there is of one resource: thousandths of a scalar, or spans
// in ascending order.
type amount struct {
	milli int64
	spans []span
}

// layout lists an agent's resources; a vector has one amount for each.
type layout []slot

// vector is a quantity of an agent's resources. Vectors that leave this file
// are never modified.
type vector []amount

// milli converts a scalar to thousandths, rounding as Mesos does (contract 4.6).
func milli(v float64) int64 { return int64(math.Round(v * 1000)) }

func (l layout) zero() vector { return make(vector, len(l)) }

func (l layout) find(key string) int {
	for i := range l {
		if l[i].key == key {
			return i
		}
	}
	return -1
}

func (v vector) isZero() bool {
	for _, a := range v {
		if a.milli != 0 || len(a.spans) > 0 {
			return false
		}
	}
	return true
}

// within tells whether v is a part of w.
func (v vector) within(w vector) bool {
	for i := range v {
		if v[i].milli > w[i].milli || !spansWithin(v[i].spans, w[i].spans) {
			return false
		}
	}
	return true
}

func (v vector) plus(w vector) vector {
	sum := make(vector, len(v))
	for i := range v {
		sum[i] = amount{v[i].milli + w[i].milli, joinSpans(v[i].spans, w[i].spans)}
	}
	return sum
}

// minus takes away w, which is within v.
func (v vector) minus(w vector) vector {
	rest := make(vector, len(v))
	for i := range v {
		rest[i] = amount{v[i].milli - w[i].milli, cutSpans(v[i].spans, w[i].spans)}
	}
	return rest
}

func spansWithin(a, b []span) bool {
	for _, s := range a {
		found := false
		for _, t := range b {
			found = found || t.begin <= s.begin && s.end <= t.end
		}
		if !found {
			return false
		}
	}
	return true
}

func joinSpans(a, b []span) []span {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	all := append(append([]span(nil), a...), b...)
	sort.Slice(all, func(i, j int) bool { return all[i].begin < all[j].begin })
	out := all[:1]
	for _, s := range all[1:] {
		last := &out[len(out)-1]
		if s.begin <= last.end || s.begin == last.end+1 {
			last.end = max(last.end, s.end)
			continue
		}
		out = append(out, s)
	}
	return out
}

func cutSpans(a, b []span) []span {
	if len(b) == 0 {
		return a
	}
	rest := append([]span(nil), a...)
	for _, cut := range b {
		var next []span
		for _, s := range rest {
			if cut.end < s.begin || cut.begin > s.end {
				next = append(next, s)
				continue
			}
			if s.begin < cut.begin {
				next = append(next, span{s.begin, cut.begin - 1})
			}
			if cut.end < s.end {
				next = append(next, span{cut.end + 1, s.end})
			}
		}
		rest = next
	}
	return rest
}

// vectorOf adds up resources; ok is false when one of them is none of the
// layout's, so that they cannot be part of it.
func (l layout) vectorOf(rs []mesos.Resource) (v vector, ok bool) {
	v = l.zero()
	for i := range rs {
		r := &rs[i]
		x := slotOf(r)
		at := l.find(x.key)
		if at < 0 {
			return nil, false
		}
		if x.ranges {
			v[at].spans = joinSpans(v[at].spans, spansOf(r))
			continue
		}
		v[at].milli += milli(r.GetScalar().GetValue())
	}
	return v, true
}

func spansOf(r *mesos.Resource) []span {
	var out []span
	for _, x := range r.GetRanges().GetRange() {
		out = joinSpans(out, []span{{x.Begin, x.End}})
	}
	return out
}

// resourcesOf writes a vector as resources, in the old form unless refined;
// allocation is the role to name in allocation_info, "" for none.
func (l layout) resourcesOf(v vector, allocation string, refined bool) []mesos.Resource {
	var out []mesos.Resource
	for i := range l {
		s := &l[i]
		if v[i].milli == 0 && len(v[i].spans) == 0 {
			continue
		}
		r := mesos.Resource{}
		s.write(&r, refined)
		if allocation != "" {
			r.AllocationInfo = &mesos.Resource_AllocationInfo{Role: &allocation}
		}
		if s.ranges {
			r.Type = mesos.RANGES.Enum()
			r.Ranges = &mesos.Value_Ranges{}
			for _, x := range v[i].spans {
				r.Ranges.Range = append(r.Ranges.Range, mesos.Value_Range{Begin: x.begin, End: x.end})
			}
		} else {
			r.Type = mesos.SCALAR.Enum()
			r.Scalar = &mesos.Value_Scalar{Value: float64(v[i].milli) / 1000}
		}
		out = append(out, r)
	}
	return out
}

// describe prints resources as the master's messages do.
func (p Profile) describe(rs []mesos.Resource, allocated string) string {
	parts := make([]string, 0, len(rs))
	for i := range rs {
		parts = append(parts, p.describeOne(&rs[i], allocated))
	}
	return strings.Join(parts, "; ")
}

func (p Profile) describeOne(r *mesos.Resource, allocated string) string {
	if r.AllocationInfo.GetRole() != "" {
		allocated = r.AllocationInfo.GetRole()
	}
	var b strings.Builder
	b.WriteString(r.Name)
	s := slotOf(r)
	before, after := s.described(p)
	fmt.Fprintf(&b, "%s(allocated: %s)%s:", before, allocated, after)
	if r.Type != nil && *r.Type == mesos.RANGES {
		b.WriteByte('[')
		for i, s := range spansOf(r) {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%d-%d", s.begin, s.end)
		}
		b.WriteByte(']')
	} else {
		b.WriteString(strconv.FormatFloat(float64(milli(r.GetScalar().GetValue()))/1000, 'f', -1, 64))
	}
	return b.String()
}

func parseResourceValue(r *mesos.Resource, value string) error {
	if strings.HasPrefix(value, "[") {
		ranges, err := parseRanges(value)
		if err != nil {
			return err
		}
		r.Type, r.Ranges = mesos.RANGES.Enum(), ranges
		return nil
	}
	f, err := strconv.ParseFloat(value, 64)
	if err != nil || f < 0 || math.IsInf(f, 0) || math.IsNaN(f) {
		return fmt.Errorf("value %q: expected a number of at least 0 or [begin-end,…]", value)
	}
	r.Type, r.Scalar = mesos.SCALAR.Enum(), &mesos.Value_Scalar{Value: f}
	return nil
}

func parseRanges(text string) (*mesos.Value_Ranges, error) {
	inner, ok := strings.CutSuffix(strings.TrimPrefix(text, "["), "]")
	if !ok {
		return nil, fmt.Errorf("ranges %q: expected a closing ]", text)
	}
	out := &mesos.Value_Ranges{}
	for part := range strings.SplitSeq(inner, ",") {
		lo, hi, found := strings.Cut(strings.TrimSpace(part), "-")
		begin, err1 := strconv.ParseUint(strings.TrimSpace(lo), 10, 64)
		end, err2 := strconv.ParseUint(strings.TrimSpace(hi), 10, 64)
		if !found || err1 != nil || err2 != nil || begin > end {
			return nil, fmt.Errorf("range %q: expected begin-end", part)
		}
		out.Range = append(out.Range, mesos.Value_Range{Begin: begin, End: end})
	}
	return out, nil
}

// ParseAttributes reads the form of the agent's --attributes flag:
// "rack:1;hostgroup:a;vlan:[10-20]". Numbers become SCALAR, [a-b] RANGES and
// everything else TEXT (Mesos contract 4.7).
func ParseAttributes(text string) ([]mesos.Attribute, error) {
	var out []mesos.Attribute
	for item := range strings.SplitSeq(text, ";") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		name, value, found := strings.Cut(item, ":")
		if !found || name == "" {
			return nil, fmt.Errorf("attribute %q: expected name:value", item)
		}
		a := mesos.Attribute{Name: name, Type: mesos.TEXT}
		value = strings.TrimSpace(value)
		switch f, err := strconv.ParseFloat(value, 64); {
		case strings.HasPrefix(value, "["):
			ranges, err := parseRanges(value)
			if err != nil {
				return nil, fmt.Errorf("attribute %q: %w", item, err)
			}
			a.Type, a.Ranges = mesos.RANGES, ranges
		case strings.HasPrefix(value, "{"):
			return nil, fmt.Errorf("attribute %q: sets are not allowed", item)
		case err == nil && !math.IsInf(f, 0) && !math.IsNaN(f):
			a.Type, a.Scalar = mesos.SCALAR, &mesos.Value_Scalar{Value: f}
		default:
			a.Text = &mesos.Value_Text{Value: value}
		}
		out = append(out, a)
	}
	return out, nil
}
