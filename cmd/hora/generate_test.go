package main

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
)

// TestGenerate: the jobs are made once, of every kind, and wait for each other.
func TestGenerate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for range 2 {
		d := startDev(t, dir, "--generate", "1003", "--quiet")
		for line := range d.out {
			if strings.Contains(line, "generated in") {
				break
			}
		}
		var page struct {
			Total  int
			Facets map[string]map[string]int
		}
		if code := d.call("GET", "/api/jobs?limit=1&facets=kind,disabled,owner", nil, &page); code != 200 {
			t.Fatalf("list: %d", code)
		}
		kinds := page.Facets["kind"]
		if page.Total != 1003 || kinds["cron"] != 201 || kinds["dependent"] != 802 || page.Facets["disabled"]["yes"] != 5 || len(page.Facets["owner"]) != 40 {
			t.Errorf("%d jobs, %v", page.Total, page.Facets)
		}
		var doc struct{ Parents []struct{ Name string } }
		if code := d.call("GET", "/api/jobs/report-000007", nil, &doc); code != 200 || len(doc.Parents) != 1 || doc.Parents[0].Name != "check-000007" {
			t.Errorf("report-000007: %d %+v", code, doc)
		}
		if err := d.stop(); err != nil {
			t.Error(err)
		}
	}
	for _, n := range []int{-1, maxGenerated + 1} {
		var out bytes.Buffer
		c := rootCommand()
		c.SetArgs([]string{"dev", "--data_dir", dir, "--generate", strconv.Itoa(n)})
		c.SetOut(&out)
		c.SetErr(&out)
		if err := c.Execute(); err == nil || !strings.Contains(err.Error(), "generate") {
			t.Errorf("%d: %v", n, err)
		}
	}
}
