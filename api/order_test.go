package api

import (
	"fmt"
	"slices"
	"testing"
	"time"
	"unique"

	"pgregory.net/rapid"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// anyRow draws a row of a name, with few different values, so that many are the same.
func anyRow(t *rapid.T, name string) *row {
	minute := func(what string) time.Time {
		n := rapid.IntRange(0, 4).Draw(t, what)
		if n == 0 {
			return time.Time{}
		}
		return noon.Add(time.Duration(n) * time.Minute)
	}
	st := &scheduler.JobState{}
	st.ErrorsSinceLastSuccess = int64(rapid.IntRange(0, 2).Draw(t, "failures"))
	if st.Last.Ended = minute("ended"); !st.Last.Ended.IsZero() && rapid.Bool().Draw(t, "timed") {
		st.Last.Began = st.Last.Ended.Add(-time.Duration(rapid.IntRange(0, 2).Draw(t, "took")) * time.Second)
	}
	rec := &scheduler.JobRecord{Job: &job.Job{Name: name, Owner: rapid.SampledFrom([]string{"", "ann", "bob"}).Draw(t, "owner")}}
	return &row{
		Job: &leader.Job{JobRecord: rec, State: st}, next: minute("next"), retry: minute("retry"), running: rapid.IntRange(0, 1).Draw(t, "running"),
		kind: unique.Make("cron"), lower: name,
	}
}

// change makes another list out of one, as another view would have it.
func change(t *rapid.T, list []*row) []*row {
	all := slices.Clone(list)
	for range rapid.IntRange(0, 6).Draw(t, "changes") {
		name := fmt.Sprintf("j%02d", rapid.IntRange(0, 40).Draw(t, "name"))
		at, there := slices.BinarySearchFunc(all, name, byName)
		switch {
		case !there:
			all = slices.Insert(all, at, anyRow(t, name))
		case rapid.Bool().Draw(t, "delete"):
			all = slices.Delete(all, at, at+1)
		default:
			all[at] = anyRow(t, name)
		}
	}
	return all
}

func rowNames(list []*row) []string {
	out := []string{}
	for _, r := range list {
		out = append(out, r.Job.Job.Name)
	}
	return out
}

func someListing(t *rapid.T) *listing {
	f, err := readFilter(rapid.SampledFrom([]string{"", "-j1", "failures>0"}).Draw(t, "filter"))
	if err != nil {
		t.Fatal(err)
	}
	order := rapid.SampledFrom([]string{"name", "next", "last", "state", "owner", "failures", "duration"}).Draw(t, "order")
	return &listing{filter: f, order: order, down: rapid.Bool().Draw(t, "down"), limit: rapid.IntRange(1, 7).Draw(t, "limit"), now: noon}
}

// TestOrders: the orders that follow from view to view are those of sorting
// everything anew, and a page is a part of that.
func TestOrders(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x, l := &rows{}, someListing(t)
		var all []*row
		for range rapid.IntRange(1, 8).Draw(t, "views") {
			all = change(t, all)
			l.now = l.now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second)
			l.offset = rapid.IntRange(0, 12).Draw(t, "offset")
			want := slices.Clone(matching(l.filter, all, l.now))
			slices.SortFunc(want, func(a, b *row) int {
				if l.before(l.place(a), l.place(b)) {
					return -1
				}
				return 1
			})
			total := len(want)
			want = want[min(l.offset, total):]
			page := want[:min(l.limit, len(want))]
			got := l.find(x, all)
			if !slices.Equal(rowNames(got.page), rowNames(page)) || got.total != total || got.more != (len(page) < len(want)) {
				t.Fatalf("%s (down %v) from %d: %v of %d, more %v; want %v of %d",
					l.order, l.down, l.offset, rowNames(got.page), got.total, got.more, rowNames(page), total)
			}
		}
	})
}

// TestPagingUnderChange: jobs come, go and change between the pages of a
// listing; those that stay as they are all come exactly once.
func TestPagingUnderChange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x, l := &rows{}, someListing(t)
		all := change(t, change(t, change(t, nil)))
		stayed := slices.Clone(matching(l.filter, all, l.now))
		shown := make(map[*row]int)
		for pages, more := 0, true; more; pages++ {
			if pages > 1000 {
				t.Fatal("the pages have no end")
			}
			got := l.find(x, all)
			for _, r := range got.page {
				shown[r]++
			}
			if more = got.more; !more {
				break
			}
			after, err := decodeCursor(encodeCursor(l.place(got.page[len(got.page)-1])))
			if err != nil {
				t.Fatal(err)
			}
			l.after = after
			all = change(t, all)
			stayed = slices.DeleteFunc(stayed, func(r *row) bool { return !slices.Contains(all, r) })
		}
		for _, r := range stayed {
			if shown[r] != 1 {
				t.Errorf("%s stayed as it is and was shown %d times", r.Job.Job.Name, shown[r])
			}
		}
		for r, n := range shown {
			if n > 1 {
				t.Errorf("%s was shown %d times", r.Job.Job.Name, n)
			}
		}
	})
}
