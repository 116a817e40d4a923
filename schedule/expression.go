package schedule

import (
	"strings"
	"time"

	"github.com/hora-scheduler/hora/message"
	"github.com/robfig/cron/v3"
)

// readExpression reads a cron expression: 5 fields, 6 with seconds first, or a
// descriptor; a zone may stand before it.
func (s *Schedule) readExpression(o Options) error {
	s.kind = Cron
	texts := strings.Fields(s.text)
	zone := o.Zone
	if len(texts) > 0 {
		if _, name, ok := strings.Cut(texts[0], "TZ="); ok && (strings.HasPrefix(texts[0], "TZ=") || strings.HasPrefix(texts[0], "CRON_TZ=")) {
			if zone != "" && zone != name {
				return syntaxf("its zone %s is not the job's, %s", name, zone)
			}
			zone, texts = name, texts[1:]
			if name == "" {
				return syntaxf("%s without a zone", s.text[:strings.Index(s.text, "=")+1])
			}
		}
	}
	s.loc = time.UTC
	if zone != "" {
		var err error
		if s.loc, err = o.Zones.Load(zone); err != nil {
			return err
		}
	}
	if len(texts) > 0 && texts[0] == "@every" {
		return s.readEvery(texts[1:], o.Anchor)
	}
	if len(texts) == 1 && texts[0][0] == '@' {
		line := descriptor(texts[0])
		if line == "" {
			return syntaxf("%s is unknown, want @hourly, @daily (or @midnight), @weekly, @monthly, @yearly (or @annually) or @every and a duration", texts[0])
		}
		texts = strings.Fields(line)
	}
	switch len(texts) {
	case 5:
		texts = append([]string{"0"}, texts...)
	case 6:
	default:
		return syntaxf("%d fields found, want 5 (minute, hour, day of month, month, day of week), or 6 with seconds first, or an ISO 8601 interval such as R/2030-01-01T02:00:00Z/P1D", len(texts))
	}
	return s.readFields([6]string(texts), o)
}

// readEvery reads the duration of @every. Slots count from the anchor, which is none itself.
func (s *Schedule) readEvery(texts []string, anchor time.Time) error {
	if len(texts) != 1 {
		return syntaxf("want one duration after @every, for example @every 1h30m")
	}
	d, err := time.ParseDuration(texts[0])
	switch {
	case err != nil:
		return syntaxf("@every %s: want a duration such as 90s or 1h30m", texts[0])
	case d < time.Second:
		return message.Errorf("@every %s: %w", texts[0], ErrPeriod)
	case d%time.Millisecond != 0:
		return syntaxf("@every %s: want whole milliseconds", texts[0])
	}
	at := max(minMillis, toMillis(anchor))
	if anchor.IsZero() {
		at = 0
	}
	s.engine = &steps{start: at + d.Milliseconds(), length: d.Milliseconds(), limit: noLimit}
	return nil
}

func descriptor(name string) string {
	switch name {
	case "@yearly", "@annually":
		return "0 0 1 1 *"
	case "@monthly":
		return "0 0 1 * *"
	case "@weekly":
		return "0 0 * * 0"
	case "@daily", "@midnight":
		return "0 0 * * *"
	case "@hourly":
		return "0 * * * *"
	}
	return ""
}

// readFields reads the six fields and lets robfig/cron make bit sets of them. What
// that package does not know is written out in numbers for it: H, the 7 for
// Sunday; and what it forgets, whether a field begins with a star, is kept here.
func (s *Schedule) readFields(texts [6]string, o Options) error {
	var plain [6]string
	for i, text := range texts {
		p := partOf(i)
		var items []string
		for item := range strings.SplitSeq(text, ",") {
			line, err := p.plain(item, o.Name)
			if err != nil {
				return syntaxError{err}
			}
			items = append(items, line)
		}
		plain[i] = strings.Join(items, ",")
	}
	parser := cron.NewParser(cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	parsed, err := parser.Parse(strings.Join(plain[:], " "))
	if err != nil {
		return syntaxError{err}
	}
	b, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return syntaxf("unexpected kind %T", parsed)
	}
	const star = 1 << 63
	begins := func(i int) bool { return texts[i][0] == '*' || texts[i][0] == '?' }
	c := &wall{clock: newClock(s.loc)}
	s.sets = &bitSets{b.Second &^ star, b.Minute &^ star, b.Hour &^ star, b.Dom &^ star, b.Month &^ star, b.Dow &^ star}
	c.fields = newFields(*s.sets, begins(3) || begins(5))
	if !c.possible() {
		return message.Errorf("%w: no month %s has a day %s", ErrImpossible, texts[4], texts[3])
	}
	elapsed := strings.ContainsAny(texts[1]+texts[2], "*?/")
	c.atGapEnd = o.Gap == GapRun || o.Gap == GapDefault && !elapsed
	c.twice = o.Overlap == OverlapBoth || o.Overlap == OverlapDefault && elapsed
	s.engine = c
	return nil
}
