package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hora-scheduler/hora/submit/crontab"
)

// converted is what hora convert --crontab --json prints.
type converted struct {
	Jobs     []*answer `json:"jobs"`
	Problems []problem `json:"problems"`
}

// problem is a line of a crontab that can't be moved, or something to know about it.
type problem struct {
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Warning bool   `json:"warning,omitempty"`
	Reason  string `json:"reason"`
	Text    string `json:"text"`
}

// runCrontab converts each line of the crontab on standard input.
func (v *converting) runCrontab(c *cobra.Command) error {
	o := v.crontab
	o.Zone, o.Zones = v.options.Zone, v.options.Zones
	if _, err := o.Zones.Load(o.Zone); o.Zone != "" && err != nil {
		return usageError{err}
	}
	jobs, problems := crontab.Parse(c.InOrStdin(), o)
	all := converted{Jobs: []*answer{}, Problems: []problem{}}
	failed := 0
	for _, p := range problems {
		all.Problems = append(all.Problems, problem(p))
		if !p.Warning {
			failed++
		}
	}
	for i := range jobs {
		j := &jobs[i]
		o := v.options
		o.Zone, o.Name = j.Zone, j.Name
		a, err := v.convert(j.Schedule, o)
		if err == nil && len(a.Schedules) == 0 {
			err = fmt.Errorf("%s", v.refusal(a))
		}
		if err != nil {
			failed++
			all.Problems = append(all.Problems, problem{Line: j.Line, Column: j.Column, Reason: err.Error(), Text: j.Text})
			continue
		}
		a.origin = origin{j.Line, j.Name, j.Command}
		all.Jobs = append(all.Jobs, a)
	}
	slices.SortStableFunc(all.Problems, func(a, b problem) int { return a.Line - b.Line })
	if v.asJSON {
		if err := printJSON(c, all); err != nil {
			return err
		}
	} else {
		printConverted(c, &all)
	}
	if failed > 0 {
		return unlikeError{fmt.Errorf("%d of the crontab's lines could not be moved, %d could", failed, len(all.Jobs))}
	}
	return nil
}

func printConverted(c *cobra.Command, all *converted) {
	zoned := false
	for _, a := range all.Jobs {
		zoned = zoned || a.needsZone()
		fmt.Fprintf(c.OutOrStdout(), "# line %d, %s: %s", a.Line, a.Name, a.Schedule)
		if a.Zone != "UTC" {
			fmt.Fprintf(c.OutOrStdout(), " in %s", a.Zone)
		}
		fmt.Fprintln(c.OutOrStdout())
		for _, text := range a.Schedules {
			fmt.Fprintln(c.OutOrStdout(), text)
		}
		for _, note := range a.Notes {
			fmt.Fprintf(c.ErrOrStderr(), "line %d: %s\n", a.Line, note)
		}
	}
	for _, p := range all.Problems {
		kind := ""
		if p.Warning {
			kind = "warning: "
		}
		fmt.Fprintf(c.ErrOrStderr(), "line %d, column %d: %s%s\n", p.Line, p.Column, kind, p.Reason)
	}
	if zoned {
		fmt.Fprintln(c.ErrOrStderr(), "hora: give the jobs the zones named above as scheduleTimeZone: days and longer periods are counted on their clocks")
	}
}
