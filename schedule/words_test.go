package schedule

import (
	"testing"
	"time"
)

func TestWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"*/5 * * * *":                     "every 5 minutes",
		"* * * * *":                       "every minute",
		"*/10 * * * * *":                  "every 10 seconds",
		"30 2 * * *":                      "at 02:30 every day",
		"30 2,14 * * 1-5":                 "at 02:30, 14:30 on Monday to Friday",
		"0 */6 * * *":                     "every 6 hours at minute 0",
		"15 * * * *":                      "every hour at minute 15",
		"*/15 9-17 * * MON":               "every 15 minutes in the hours 09 to 17 on Monday",
		"0 0 1,15 * *":                    "at 00:00 on day 1, 15 of the month",
		"0 0 13 * FRI":                    "at 00:00 on day 13 of the month, or on Friday",
		"0 0 */2 * MON":                   "at 00:00 on day 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31 of the month, if that is Monday",
		"5 30 2 * * *":                    "at 02:30:05 every day",
		"7 5-9 * * * *":                   "at second 7 of minute 5 to 9 of every hour",
		"@daily":                          "at 00:00 every day",
		"@yearly":                         "at 00:00 on day 1 of the month in January",
		"@every 90s":                      "every 90s",
		"5,20,35 * * * *":                 "at minute 5, 20, 35 of every hour",
		"0 0 1 1-3,12 *":                  "at 00:00 on day 1 of the month in January to March, December",
		"R/2030-01-01T02:00:00Z/P1D":      "every day, from Tue 2030-01-01 02:00:00 UTC",
		"R5/2030-01-01T02:00:00Z/PT1H30M": "5 times, every 1 hour 30 minutes, from Tue 2030-01-01 02:00:00 UTC",
		"R1/2030-01-01T02:00:00Z/PT24H":   "once, from Tue 2030-01-01 02:00:00 UTC",
		"R0/2030-01-01T02:00:00Z/PT24H":   "never",
		"R/2030-01-01T02:00:00Z/PT2.5S":   "every 2.5 seconds, from Tue 2030-01-01 02:00:00 UTC",
	} {
		s, err := Parse(text, Options{Anchor: time.Unix(0, 0)})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Words().String(); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	s, err := Parse("30 2 * * *", Options{Zone: "Asia/Shanghai"})
	if err != nil || s.Words().String() != "at 02:30 every day, Asia/Shanghai time" {
		t.Errorf("%v %v", s.Words(), err)
	}
}
