package crontab

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"github.com/hora-scheduler/hora/job"
)

var update = flag.Bool("update", false, "rewrite testdata/*.golden")

// show writes what was read so that a person can check it.
func show(jobs []Job, problems []Problem) string {
	var b strings.Builder
	for _, j := range jobs {
		fmt.Fprintf(&b, "%d:%d %s\n  when     %s\n", j.Line, j.Column, j.Name, j.Schedule)
		for _, f := range [][2]string{{"zone", j.Zone}, {"jitter", j.Jitter}, {"user", j.RunAsUser}, {"owner", j.Owner}, {"about", j.Description}, {"command", j.Command}} {
			if f[1] != "" {
				fmt.Fprintf(&b, "  %-8s %s\n", f[0], f[1])
			}
		}
		for _, v := range j.Environment {
			fmt.Fprintf(&b, "  %-8s %s=%s\n", "with", v.Name, v.Value)
		}
	}
	for _, p := range problems {
		kind := "refused"
		if p.Warning {
			kind = "warning"
		}
		fmt.Fprintf(&b, "%s %v\n", kind, p)
	}
	return b.String()
}

// TestCrontabs reads the crontabs of testdata. The first line says how.
func TestCrontabs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.crontab")
	if err != nil || len(files) < 5 {
		t.Fatalf("found %v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		o := Options{System: strings.Contains(file, "system"), Zone: "Europe/Berlin"}
		if strings.Contains(file, "six") {
			o.Fields = 6
		}
		if strings.Contains(file, "user") {
			o.User = "etl"
		}
		got := show(Parse(strings.NewReader(string(text)), o))
		golden := strings.TrimSuffix(file, ".crontab") + ".golden"
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s reads as\n%s, want\n%s", file, got, want)
		}
	}
}

// one reads a crontab that has one job.
func one(t *testing.T, text string, o Options) Job {
	t.Helper()
	jobs, problems := Parse(strings.NewReader(text), o)
	if len(jobs) != 1 {
		t.Fatalf("%q gives %d jobs, want 1: %v", text, len(jobs), problems)
	}
	return jobs[0]
}

// TestRefused: each of these lines gives no job, one reason, and its column.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line   string
		o      Options
		column int
		reason string
	}{
		{"@reboot /bin/x\n", Options{}, 1, "no start of a machine"},
		{"@Daily /bin/x\n", Options{}, 1, "@Daily is unknown"},
		{"@daily\n", Options{}, 7, "no command"},
		{"@every soon /bin/x\n", Options{}, 8, "want a duration"},
		{"61 * * * * /bin/x\n", Options{}, 1, "minute 61 is above 59"},
		{"0 0 30 2 * /bin/x\n", Options{}, 1, "no month 2 has a day 30"},
		{"0 0 L * * /bin/x\n", Options{}, 5, "L, W and # are not known"},
		{"0 0 * * 5#3 /bin/x\n", Options{}, 9, "L, W and # are not known"},
		{"5/15 * * * * /bin/x\n", Options{}, 1, "crons differ about n/step"},
		{"0 0 * * MON/2 /bin/x\n", Options{}, 9, "crons differ about n/step"},
		{"0~59 * * * * /bin/x\n", Options{}, 1, "~ draws another time"},
		{"0 0 * *\n", Options{}, 8, "the line ends where the day of week is expected"},
		{"  0 0 * * *\n", Options{}, 12, "no command"},
		{"0 0 * * * %input\n", Options{}, 11, "no command before %"},
		{"0 0 0 * * /bin/x\n", Options{}, 5, "day of month 0 is below 1"},
		{"0 0 1 * * * /bin/x\n", Options{}, 11, "is it a time field"},
		{"*/5 * * * * -n /bin/x\n", Options{}, 13, "option of BSD's cron"},
		{"0 0 * * * /bin/x", Options{}, 17, "does not end with a newline"},
		{"0 0 * * * \x00\n", Options{}, 1, "NUL"},
		{"0 0 * * * \xff\n", Options{}, 1, "UTF-8"},
		{"MAILTO=\n", Options{}, 1, `quotes: MAILTO=""`},
		{"export A=b\n", Options{}, 1, "without export"},
		{"=b\n", Options{}, 1, "no name of a variable"},
		{"A='b\n", Options{}, 1, "minute \"A='b\""},
		{"CRON_TZ=Mars/Olympus\n0 0 * * * x\n", Options{}, 1, `CRON_TZ (line 1): unknown time zone "Mars/Olympus"`},
		{"RANDOM_DELAY=long\n0 0 * * * x\n", Options{}, 11, "RANDOM_DELAY=long (line 1): want minutes"},
		{"0 0 * * * /bin/x -v\n", Options{System: true}, 11, "expected to be a user"},
		{"0 0 * * * root\n", Options{System: true}, 11, "followed by a command"},
		{"0 0 * * *\n", Options{System: true}, 10, "user is expected"},
		{"* * * * * x y\n", Options{Fields: 6}, 11, `day of week "x"`},
		{"# name: a/b\n0 0 * * * x\n", Options{}, 1, `given in line 1, "a/b" has the character '/'`},
		{"# name: a\n0 0 * * * x\n# name: a\n0 0 * * * y\n", Options{}, 1, "is the one of line 2, too"},
		{"0 0 * * * x\n", Options{Zone: "Mars/Olympus"}, 1, "unknown time zone"},
		{"0 0 * * * x\n", Options{Fields: 7}, 1, "5 or 6 time fields"},
		{"0 0 * * * x\n", Options{System: true, User: "a"}, 1, "name their users"},
		{"0 0 * * * x\n", Options{Prefix: "a/"}, 1, "has the character '/'"},
		{strings.Repeat("x", MaxLineBytes+5) + "\n", Options{}, 1, "more than"},
	} {
		_, problems := Parse(strings.NewReader(c.line), c.o)
		if len(problems) != 1 || problems[0].Warning || problems[0].Column != c.column || !strings.Contains(problems[0].Reason, c.reason) {
			t.Errorf("%.60q: %v, want column %d: …%s…", c.line, problems, c.column, c.reason)
		}
	}
}

// TestRefusedGoesOn: the lines after one that is wrong are read, wherever it stands.
func TestRefusedGoesOn(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("y", 3*MaxLineBytes)
	jobs, problems := Parse(strings.NewReader("0 1 * * * a\nnonsense\n"+long+"\n@reboot b\n0 2 * * * c\n"), Options{})
	if len(jobs) != 2 || len(problems) != 3 || jobs[1].Line != 5 || jobs[1].Command != "c" {
		t.Errorf("%v", show(jobs, problems))
	}
	jobs, problems = Parse(io.MultiReader(strings.NewReader("0 1 * * * a\n"), iotest.ErrReader(errors.New("disk on fire"))), Options{})
	if len(jobs) != 1 || len(problems) != 1 || !strings.Contains(problems[0].Reason, "disk on fire") {
		t.Errorf("%v", show(jobs, problems))
	}
	jobs, problems = Parse(strings.NewReader(strings.Repeat("\n", MaxLines)+"0 1 * * * a\n"), Options{})
	if len(jobs) != 0 || len(problems) != 1 || !strings.Contains(problems[0].Reason, "lines") {
		t.Errorf("%v", show(jobs, problems))
	}
}

// TestNames: a made-up name depends on the line alone.
func TestNames(t *testing.T) {
	t.Parallel()
	const text = "30 2 * * * /usr/local/bin/load.sh --all /data/eu > /dev/null 2>&1\n"
	name := one(t, text, Options{}).Name
	if !regexp.MustCompile(`^load-sh-eu-[0-9a-f]{8}$`).MatchString(name) {
		t.Errorf("name %q", name)
	}
	if again := one(t, "\n# about\nMAILTO=a@b.c\nPATH=/bin\n   "+strings.TrimSpace(text)+"\n", Options{}).Name; again != name {
		t.Errorf("moved within the file: %q, was %q", again, name)
	}
	for _, other := range []string{strings.Replace(text, "30", "31", 1), strings.Replace(text, "eu", "us", 1), "CRON_TZ=Asia/Shanghai\n" + text} {
		if one(t, other, Options{}).Name == name {
			t.Errorf("%q has the same name, %q", other, name)
		}
	}
	jobs, _ := Parse(strings.NewReader(text+"# name: "+name+"-3\n0 1 * * * x\n"+text+text), Options{})
	var names []string
	for _, j := range jobs {
		names = append(names, j.Name)
	}
	if want := []string{name, name + "-3", name + "-2", name + "-4"}; !slices.Equal(names, want) {
		t.Errorf("names %q, want %q", names, want)
	}
	for command, want := range map[string]string{
		"test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )":    "run-parts-cron-daily",
		"cd /var/www/app && /usr/bin/php artisan schedule:run >> /dev/null 2>&1":         "php-artisan-schedule-run",
		"[ -x /usr/bin/certbot ] && perl -e 'sleep int(rand(3600))' && certbot -q renew": "perl-sleep-int",
		"flock -n /tmp/x.lock python3 /opt/etl/run.py --date=$(date +\\%F)":              "x-lock-python3-run-py",
		"LANG=C nice -n 19 /opt/Backup\\ Tool/backup":                                    "19-Backup-backup",
		"/bin/true": "true", "'": "job", "备份": "job", "x%input": "x",
		strings.Repeat("very-long-name-", 20): "very-long-name-very-long-name-very-long",
	} {
		if got := slug(command); got != want {
			t.Errorf("slug(%q) = %q, want %q", command, got, want)
		}
	}
}

// TestDefine: a base keeps what the crontab does not say.
func TestDefine(t *testing.T) {
	t.Parallel()
	j := one(t, "A=2\nMAILTO=a@b.c, d@e.f\n# loads\n@daily x\n", Options{User: "etl"})
	base := &job.Job{CPUs: 2, Retries: 5, Zone: "Asia/Tokyo", OwnerName: "Team", Owner: "z@z.z", Environment: []job.Variable{{Name: "B", Value: "1"}, {Name: "A", Value: "1"}}}
	d := j.Define(base)
	if d.CPUs != 2 || d.Retries != 5 || d.Zone != "Asia/Tokyo" || d.OwnerName != "Team" || d.Owner != "a@b.c,d@e.f" || d.RunAsUser != "etl" || d.Description != "loads" || !d.Shell {
		t.Errorf("%+v", d)
	}
	if fmt.Sprint(d.Environment) != "[{B 1} {A 2} {MAILTO a@b.c, d@e.f}]" || base.Environment[1].Value != "1" {
		t.Errorf("environment %v; the base has %v", d.Environment, base.Environment)
	}
}

// TestVariables against an expression for the same lines.
func TestVariables(t *testing.T) {
	t.Parallel()
	model := regexp.MustCompile(`^(?:"([^"=]*)"|'([^'=]*)'|([^\s\v"'=][^\s\v=]*|))[\s\v]*=[\s\v]*(?:"([^"]*)"[\s\v]*|'([^']*)'[\s\v]*|([^\s\v"'](?:.*[^\s\v])?)[\s\v]*)$`)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`["']?[A-C ='"]{0,4}["']?[ \t]{0,2}=?[ \t]{0,2}["']?[a-c ='"$]{0,5}["']?[ \t\r]{0,2}x?`).Draw(t, "line")
		if text == "" {
			return
		}
		name, value, ok := variable(text)
		m := model.FindStringSubmatch(text)
		if ok != (m != nil) {
			t.Fatalf("%q: %q, %q, %v, want %q", text, name, value, ok, m)
		}
		if ok && (name != m[1]+m[2]+m[3] || value != m[4]+m[5]+m[6]) {
			t.Fatalf("%q: %q, %q, want %q", text, name, value, m)
		}
	})
}

// TestCommandsRun runs commands with the shell, as a task would, and looks at what they see.
func TestCommandsRun(t *testing.T) {
	t.Parallel()
	home := filepath.Join(t.TempDir(), "it's home")
	if err := os.Mkdir(home, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ vars, command, want string }{
		{"", `echo a b`, "a b\n"},
		{"", `echo 5\% \\% x`, "5% \\\n"}, // the second % ends the command; x has no reader
		{"", `cat%one%two\%%%three`, "one\ntwo%\n\nthree\n"},
		{"", `cat%`, ""},
		{"", `cat%a\b\\%c`, "a\\b\\%c\n"},
		{"", `cat # all%it's "here" $HOME`, "it's \"here\" $HOME\n"},
		{"", `cat; exit 3%x`, "x\nexit status 3"},
		{"", `exit 4`, "exit status 4"},
		{"SHELL=/bin/bash\n", `echo ${BASH_VERSION:+bash} 'it'"'"'s'`, "bash it's\n"},
		{"SHELL=/bin/bash\n", `read x; echo ${x^^}%abc`, "ABC\n"},
		{"SHELL=/bin/bash\n", `false || exit 7`, "exit status 7"},
		{"HOME=\"" + home + "\"\n", `pwd; exit 2`, home + "\nexit status 2"},
		{"HOME=/nowhere/at/all\n", `echo not here`, "exit status 2"},
		{"HOME=\"" + home + "\"\nSHELL=/bin/bash\n", `pwd; cat%x`, home + "\nx\n"},
	} {
		if c.vars != "" && strings.Contains(c.vars, "bash") {
			if _, err := os.Stat("/bin/bash"); err != nil {
				t.Fatal(err)
			}
		}
		j := one(t, c.vars+"* * * * * "+c.command+"\n", Options{})
		cmd := exec.Command("/bin/sh", "-c", j.Command)
		var out strings.Builder
		cmd.Stdout = &out
		if err := cmd.Run(); err != nil {
			fmt.Fprint(&out, err)
		}
		if out.String() != c.want {
			t.Errorf("%q becomes %q, which gives %q, want %q", c.command, j.Command, out.String(), c.want)
		}
	}
}

// FuzzParse: no crontab makes the reader fall; each job is one that a server
// takes, has its own name and place; reading is repeatable; and each line that
// is neither empty, a comment nor a variable gives a job or a reason.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.crontab")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), uint8(0))
		f.Add(string(text), uint8(3))
	}
	f.Add("0 0 * * * a%b\\%c\r\n\"A B\" = 'c'\n-@daily x", uint8(2))
	f.Fuzz(func(t *testing.T, text string, choice uint8) {
		o := Options{System: choice&1 == 1, Fields: 5 + int(choice>>1&1), Zone: "Europe/Berlin"}
		jobs, problems := Parse(strings.NewReader(text), o)
		again, _ := Parse(strings.NewReader(text), o)
		names, told := make(map[string]bool), make(map[int]bool)
		for i, j := range jobs {
			if j.Name != again[i].Name || names[j.Name] || told[j.Line] {
				t.Fatalf("job %d: %q, %q, line %d", i, j.Name, again[i].Name, j.Line)
			}
			names[j.Name], told[j.Line] = true, true
			if _, err := job.Compile(j.Define(&job.Job{CPUs: 1, Mem: 1, Disk: 1}), time.Unix(0, 0), job.Defaults{RetryInterval: time.Minute}); err != nil {
				t.Fatal(err)
			}
			if j.Column < 1 || j.Column > len(j.Text) {
				t.Fatalf("column %d of %q", j.Column, j.Text)
			}
		}
		for _, p := range problems {
			if p.Line < 1 || p.Column < 1 || p.Column > len(p.Text)+2 || p.Reason == "" {
				t.Fatalf("problem %+v", p)
			}
			told[p.Line] = true
		}
		for i, line := range strings.Split(text, "\n") {
			line = strings.TrimLeft(strings.TrimRight(line, "\r"), " \t")
			if i == 0 {
				line = strings.TrimLeft(strings.TrimPrefix(line, "\ufeff"), " \t")
			}
			if line == "" || line[0] == '#' || told[i+1] || len(problems) == maxProblems {
				continue
			}
			if _, _, ok := variable(line); !ok {
				t.Fatalf("nothing was said about line %d, %q", i+1, line)
			}
		}
	})
}
