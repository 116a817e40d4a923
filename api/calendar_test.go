package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/api"
)

// TestCalendar: days are told of for longer than runs are kept; a job that is made
// again has none.
func TestCalendar(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		var page api.CalendarPage
		w.ask("PUT", "/api/jobs/daily", `{"schedule":"0 12 * * *","command":"true"}`, http.StatusCreated, nil)
		w.ask("GET", "/api/jobs/daily/calendar", "", http.StatusOK, &page)
		if page.Days == nil || len(page.Days) != 0 {
			t.Errorf("%+v", page)
		}
		w.pass(80 * 24 * time.Hour) // nobody offers anything: each slot is missed when the next one comes
		w.ask("GET", "/api/jobs/daily/calendar", "", http.StatusOK, &page)
		if n := len(page.Days); n != 79 || page.Days[0] != (api.CalendarDay{Day: "2000-01-02", Missed: 1}) || page.Days[78].Day != "2000-03-20" {
			t.Errorf("%d days, %+v", n, page.Days)
		}
		var runs api.RunPage
		w.ask("GET", "/api/runs?job=daily&state=ended", "", http.StatusOK, &runs)
		if len(runs.Runs) != 50 {
			t.Errorf("%d runs are kept", len(runs.Runs))
		}
		w.ask("DELETE", "/api/jobs/daily", "", http.StatusNoContent, nil)
		w.ask("GET", "/api/jobs/daily/calendar", "", http.StatusNotFound, nil)
		w.ask("PUT", "/api/jobs/daily", `{"schedule":"0 12 * * *","command":"true"}`, http.StatusCreated, nil)
		w.ask("GET", "/api/jobs/daily/calendar", "", http.StatusOK, &page)
		if len(page.Days) != 0 {
			t.Errorf("%+v", page.Days)
		}
	})
}
