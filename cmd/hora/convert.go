package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hora-scheduler/hora/schedule"
	"github.com/hora-scheduler/hora/submit/crontab"
)

// Servers that schedules are converted for.
const (
	forHora    = "hora"
	forChronos = "chronos"
)

// converting are the flags of hora convert, and what follows from them.
type converting struct {
	from, gap, overlap, server string
	asJSON, approximate        bool
	most                       int
	options                    schedule.Options
	isCrontab                  bool
	crontab                    crontab.Options
}

func convertCommand() *cobra.Command {
	v := &converting{}
	c := &cobra.Command{
		Use:   "convert [flags] 'SCHEDULE'",
		Short: "Convert cron to ISO 8601 intervals, and back",
		Long: `Convert a cron expression to the smallest set of ISO 8601 intervals that have
exactly its instants, none of them twice; or such an interval to cron. Each
answer is compared with the question over 28 years before it is printed.

Where there is no exact answer the reason is printed and the exit status is 3.
hora itself runs cron expressions as they are and needs no conversion.

With --crontab a whole crontab is read from standard input. Lines that can't be
moved are listed with the reason, the others go on; the exit status is 3 if there
was any.`,
		Example: `  hora convert '*/5 * * * *' --zone Asia/Shanghai --from 2026-01-01T00:00:00Z
  hora convert '0 9 * * 1-5'
  hora convert --approximate '0 0 13 * 5'
  hora convert 'R/2026-01-01T00:00:00Z/PT5M'
  hora convert --crontab --system --zone Europe/Berlin < /etc/crontab`,
		Args: arguments(v.arguments),
		RunE: v.run,
	}
	f := c.Flags()
	f.StringVar(&v.from, "from", "", "first instant that counts, RFC 3339 (default now)")
	f.StringVar(&v.options.Zone, "zone", "", "time zone of the schedule, such as Europe/Berlin (default UTC)")
	f.StringVar(&v.options.Name, "name", "", "name of the job, which H in cron fields is hashed from")
	f.StringVar(&v.gap, "dst_gap", "", "fixed times that the clock skips: run or skip (default run)")
	f.StringVar(&v.overlap, "dst_overlap", "", "fixed times that come twice: first or both (default first)")
	f.IntVar(&v.most, "max", schedule.DefaultMost, "how many schedules an answer may have")
	f.BoolVar(&v.approximate, "approximate", false, "without an exact answer, print the closest and how it differs")
	f.StringVar(&v.server, "for", forHora, "what will run the intervals: hora, or chronos (2.4.0, 3.0.2) with its defects")
	f.BoolVar(&v.asJSON, "json", false, "print JSON")
	f.BoolVar(&v.isCrontab, "crontab", false, "read a crontab from standard input")
	f.BoolVar(&v.crontab.System, "system", false, "with --crontab: a user stands before each command, as in /etc/crontab and /etc/cron.d")
	f.IntVar(&v.crontab.Fields, "item_number", 5, "with --crontab: time fields of a line, 5, or 6 with seconds first")
	f.StringVar(&v.crontab.User, "user", "", "with --crontab: whose crontab it is")
	return c
}

func (v *converting) arguments(c *cobra.Command, args []string) error {
	if n := len(args); (n == 5 || n == 6) && !v.isCrontab {
		return fmt.Errorf("%d arguments: the schedule is one argument and needs quotes, '%s'", n, strings.Join(args, " "))
	}
	if v.isCrontab {
		return cobra.NoArgs(c, args)
	}
	return cobra.ExactArgs(1)(c, args)
}

// read checks the flags.
func (v *converting) read(c *cobra.Command) error {
	at := time.Now().Truncate(time.Second)
	if v.from != "" {
		var err error
		if at, err = time.Parse(time.RFC3339Nano, v.from); err != nil {
			return badFlag("from", v.from, "an RFC 3339 time such as 2026-01-31T08:00:00Z")
		}
	}
	v.options.Anchor, v.options.Zones = at, &schedule.Zones{}
	var known bool
	if v.options.Gap, known = gaps[v.gap]; !known {
		return badFlag("dst_gap", v.gap, "run or skip")
	}
	if v.options.Overlap, known = overlaps[v.overlap]; !known {
		return badFlag("dst_overlap", v.overlap, "first or both")
	}
	if v.most < 1 || v.most > 100*schedule.DefaultMost {
		return badFlag("max", v.most, fmt.Sprintf("a number from 1 to %d", 100*schedule.DefaultMost))
	}
	switch {
	case v.server != forHora && v.server != forChronos:
		return badFlag("for", v.server, "hora or chronos")
	case v.server == forChronos && (v.gap != "" || v.overlap != ""):
		return badFlag("for", v.server, "hora with --dst_gap and --dst_overlap, which Chronos does not know")
	case v.crontab.Fields != 5 && v.crontab.Fields != 6:
		return badFlag("item_number", v.crontab.Fields, "5 or 6")
	case v.crontab.System && v.crontab.User != "":
		return badFlag("user", v.crontab.User, "none with --system, whose lines name their users")
	case v.isCrontab && v.options.Name != "":
		return badFlag("name", v.options.Name, "none with --crontab, whose jobs have names of their own")
	}
	for _, name := range []string{"system", "item_number", "user"} {
		if f := c.Flags().Lookup(name); f.Changed && !v.isCrontab {
			return badFlag(name, f.Value, "it with --crontab alone")
		}
	}
	return nil
}

func (v *converting) run(c *cobra.Command, args []string) error {
	if err := v.read(c); err != nil {
		return err
	}
	if v.isCrontab {
		return v.runCrontab(c)
	}
	a, err := v.convert(args[0], v.options)
	if err != nil {
		return usageError{err}
	}
	if v.asJSON {
		if err := printJSON(c, a); err != nil {
			return err
		}
	} else {
		for _, text := range a.Schedules {
			fmt.Fprintln(c.OutOrStdout(), text)
		}
		for _, note := range a.Notes {
			fmt.Fprintln(c.ErrOrStderr(), "hora:", note)
		}
		if a.needsZone() {
			fmt.Fprintf(c.ErrOrStderr(), "hora: give the jobs scheduleTimeZone %s: days and longer periods are counted on its clock\n", a.Zone)
		}
	}
	if !a.Exact && (!v.approximate || len(a.Schedules) == 0) {
		return unlikeError{fmt.Errorf("%s", v.refusal(a))}
	}
	return nil
}

func printJSON(c *cobra.Command, a any) error {
	e := json.NewEncoder(c.OutOrStdout())
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(a)
}

// answer is what hora convert --json prints of one schedule.
type answer struct {
	origin
	Schedule   string      `json:"schedule"`
	Zone       string      `json:"scheduleTimeZone"`
	From       time.Time   `json:"from"`
	Until      time.Time   `json:"until"`
	Exact      bool        `json:"exact"`
	Smallest   bool        `json:"smallest"`
	Schedules  []string    `json:"schedules"`
	NotBefore  *time.Time  `json:"notBefore,omitempty"`
	Reason     string      `json:"reason,omitempty"`
	Difference *difference `json:"difference,omitempty"`
	Notes      []string    `json:"notes,omitempty"`

	toCron bool
	found  *schedule.Conversion
}

// origin tells from what line of a crontab an answer is.
type origin struct {
	Line    int    `json:"line,omitempty"`
	Name    string `json:"name,omitempty"`
	Command string `json:"command,omitempty"`
}

type difference struct {
	Slots   int64 `json:"slots"`
	Missing int64 `json:"missing"`
	Extra   int64 `json:"extra"`
	Twice   int64 `json:"twice"`
}

// convert answers for one schedule.
func (v *converting) convert(text string, o schedule.Options) (*answer, error) {
	s, err := schedule.Parse(text, o)
	if err != nil {
		return nil, err
	}
	if o.Name == "" && s.Kind() == schedule.Cron && usesHash(text) {
		return nil, fmt.Errorf("schedule %q: H is hashed from the job's name, want --name", text)
	}
	convert := schedule.Intervals
	if s.Kind() == schedule.ISO {
		convert = schedule.Expressions
	}
	k, err := convert(text, o, v.most)
	if err != nil {
		return nil, err
	}
	a := &answer{Schedule: text, Zone: k.Zone, From: k.From, Until: k.Until, Exact: k.Exact, Smallest: k.Smallest, Reason: k.Reason.String(),
		Schedules: []string{}, toCron: s.Kind() == schedule.ISO, found: k}
	if v.server == forChronos {
		v.asChronos(k, a)
	}
	if !a.Exact && !v.approximate {
		return a, nil
	}
	a.Schedules = append(a.Schedules, k.Texts...)
	if !k.Begins.IsZero() {
		a.NotBefore = &k.Begins
		a.note("exact from its start on: give the job notBefore %s", k.Begins.In(s.Location()).Format(time.RFC3339))
	}
	if a.toCron {
		if a.Zone != "UTC" && o.Zone == "" && len(k.Texts) > 0 {
			a.note("give the job scheduleTimeZone %s: cron has no offset", a.Zone)
		}
	}
	if a.Exact && !a.Smallest && !a.toCron {
		a.note("this set is exact, but a smaller one was not ruled out")
	}
	if !a.Exact && len(k.Texts) > 0 {
		d := k.Difference
		a.Difference = &difference{d.Slots, d.Missing.Count, d.Extra.Count, d.Twice.Count}
		a.note("not exact: %s", a.Reason)
		a.note("%s", differs(d, k))
	}
	return a, nil
}

func (a *answer) note(format string, args ...any) {
	a.Notes = append(a.Notes, fmt.Sprintf(format, args...))
}

// usesHash says whether a cron expression has an H, months and weekdays apart.
func usesHash(text string) bool {
	for _, field := range strings.Fields(text) {
		for item := range strings.SplitSeq(field, ",") {
			if item == "H" || strings.HasPrefix(item, "H(") || strings.HasPrefix(item, "H/") {
				return true
			}
		}
	}
	return false
}

// needsZone says that the intervals are what they should be with the zone alone,
// not with the offsets of their starts.
func (a *answer) needsZone() bool {
	return a.found.Jumps && !a.toCron && slices.ContainsFunc(a.Schedules, func(text string) bool { return !strings.Contains(text, "/PT") })
}

// asChronos makes of a conversion what a real Chronos does right: it counts from
// the last slot, so a time that was shifted once stays shifted (Chronos contract 3.3), and
// it dies of years (3.4), which are written as months.
func (v *converting) asChronos(k *schedule.Conversion, a *answer) {
	if a.toCron {
		a.note("Chronos knows no cron")
		return
	}
	for i, text := range k.Texts {
		for _, n := range []string{"1", "4"} {
			if rest, ok := strings.CutSuffix(text, "/P"+n+"Y"); ok {
				k.Texts[i] = rest + map[string]string{"1": "/P12M", "4": "/P48M"}[n]
			}
		}
	}
	if k.InGap.IsZero() {
		return
	}
	shifted := fmt.Sprintf("on %s the clock of %s jumps over a slot, and Chronos would keep the later time for ever", k.InGap.Format(time.DateOnly), a.Zone)
	if a.Exact {
		a.Exact, a.Smallest, a.Reason = false, false, shifted
	} else if v.approximate {
		a.note("%s", shifted)
	}
}

// differs tells in words how far a conversion is from what it was made from.
func differs(d schedule.Difference, k *schedule.Conversion) string {
	var parts []string
	for _, x := range []struct {
		schedule.Deviation
		what string
	}{{d.Missing, "missing"}, {d.Extra, "too many"}, {d.Twice, "twice"}} {
		if x.Count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s (first %s)", x.Count, x.what, x.First.Format(time.RFC3339)))
		}
	}
	until := k.Until.Format(time.DateOnly)
	if len(parts) == 0 {
		return fmt.Sprintf("of %d slots until %s none differs", d.Slots, until)
	}
	about := ""
	if d.Sampled {
		about = "at least "
	}
	return fmt.Sprintf("of %d slots until %s %s%s", d.Slots, until, about, strings.Join(parts, ", "))
}

// refusal says why there is no exact answer, and what else there is.
func (v *converting) refusal(a *answer) string {
	if a.toCron {
		return fmt.Sprintf("%s is no cron expression exactly: %s; hora runs it as it is", a.Schedule, a.Reason)
	}
	text := fmt.Sprintf("%s is no set of ISO 8601 intervals exactly: %s", a.Schedule, a.Reason)
	if v.server == forChronos {
		text += "; hora runs the cron form as it is, Chronos can't"
	} else {
		text += "; hora runs the cron form as it is"
	}
	if a.found.WithPolicies && v.server == forHora {
		text += "; intervals with dstGap skip and dstOverlap both are exact (--dst_gap skip --dst_overlap both)"
	}
	switch {
	case len(a.found.Texts) == 0:
		text += "; --max allows more"
	case !v.approximate:
		text += "; --approximate prints the closest intervals"
	}
	return text
}
