package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/chronos"
	"github.com/hora-scheduler/hora/config"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/bolt"
)

// defaultStore is where hora serve keeps its state.
const defaultStore = "/hora"

// migration is what importing and exporting have in common.
type migration struct {
	from, to string
	apply    bool
	running  bool
	output   string
	all      bool

	set     *config.Set  // of hora serve, whose file of settings may be given
	store   storeOptions // how hora's ZooKeeper is spoken to; --from and --to say where it is
	epsilon time.Duration
	user    string
	stderr  io.Writer
}

func (m *migration) flags(c *cobra.Command) {
	m.set = config.New(prefix,
		config.Setting{Name: "task_epsilon", Group: "Jobs", Default: "60", Meaning: "start deadline in seconds of jobs of 2.4 that have none", Value: config.Duration(&m.epsilon, time.Second, 0, 366*24*time.Hour)},
		config.Setting{Name: "user", Group: "Jobs", Default: "root", Meaning: "user of jobs that do not say", Value: config.Some(&m.user, "the name of a user")},
	)
	for _, s := range m.store.settings() {
		if s.Name != "zk_hosts" && s.Name != "zk_path" { // a place holds both
			m.set.Add(s)
		}
	}
	m.set.Share(new(serveOptions).set())
	f := c.Flags()
	f.StringVar(&m.from, "from", "", "where to read")
	f.StringVar(&m.to, "to", "", "where to write")
	f.BoolVar(&m.apply, "apply", false, "do it; without it nothing is written")
	f.BoolVar(&m.apply, "yes", false, "the same as --apply")
	f.BoolVar(&m.running, "while_running", false, "even though a Chronos is alive there: what it does meanwhile has to be taken over by doing this again")
	f.BoolVar(&m.all, "all", false, "list every job, not only the first ones of each kind")
	f.StringVarP(&m.output, "output", "o", "text", "text or json")
	m.set.Flags(f)
}

func (m *migration) check() error {
	switch {
	case m.from == "":
		return badFlag("from", `""`, "where to read; see --help")
	case m.output != "text" && m.output != "json":
		return badFlag("output", m.output, "text or json")
	}
	if err := m.set.Load(os.Environ()); err != nil {
		return usageError{err}
	}
	return nil
}

func (m *migration) defaults() api.Defaults {
	return api.Defaults{User: m.user, Epsilon: m.epsilon}
}

// isURL tells whether a place is an HTTP server.
func isURL(place string) bool {
	return strings.HasPrefix(place, "http://") || strings.HasPrefix(place, "https://")
}

// hide takes the password out of a place.
func hide(place string) string {
	scheme, rest, ok := strings.Cut(place, "://")
	if i := strings.LastIndex(rest, "@"); ok && i >= 0 {
		return scheme + "://" + hidden + rest[i:]
	}
	return place
}

// openStore opens hora's own store: in ZooKeeper, or the folder of a hora dev.
func (m *migration) openStore(flag, place string) (*store.Store, error) {
	if !strings.HasPrefix(place, "zk://") {
		if _, err := os.Stat(place); err != nil {
			return nil, badFlag(flag, place, "zk://host:port[,host:port…][/path], or the folder of a hora dev: "+err.Error())
		}
		b, err := bolt.Open(place)
		if err != nil {
			return nil, err
		}
		return store.New(b), nil
	}
	l, err := chronos.ParseLocation(place, defaultStore)
	if err != nil {
		return nil, badFlag(flag, hide(place), strings.TrimPrefix(err.Error(), "want "))
	}
	o := m.store
	o.hosts, o.path = strings.Join(l.Servers, ","), l.Path
	if l.Auth != "" {
		o.auth, o.authFile = l.Auth, ""
	}
	b, err := o.open(m.set, slog.New(slog.NewTextHandler(m.stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		if _, wrong, placed := strings.Cut(err.Error(), "--zk_hosts, --zk_path: "); placed {
			return nil, badFlag(flag, hide(place), strings.TrimPrefix(wrong, "want "))
		}
		return nil, err
	}
	return store.New(b), nil
}

// connectChronos connects to a Chronos' ZooKeeper.
func connectChronos(ctx context.Context, flag, place string) (*chronos.ZooKeeper, error) {
	l, err := chronos.ParseLocation(place, chronos.DefaultPath)
	if err != nil {
		return nil, badFlag(flag, hide(place), strings.TrimPrefix(err.Error(), "want "))
	}
	return chronos.Connect(ctx, l)
}

func importCommand() *cobra.Command {
	c := &cobra.Command{Use: "import", Short: "Take over what another scheduler has"}
	m := &migration{}
	overwrite := false
	one := &cobra.Command{
		Use:   "chronos --from PLACE [--to PLACE] [flags]",
		Short: "Take over the jobs, the promised slots and the running tasks of a Chronos",
		Long: `Read a Chronos' state and put it into hora's. Without --apply it only says what
it would do. It may be done again: what is the same stays, and what was changed
or run in hora since is kept.

--from is zk://[user:password@]host:port[,…][/path], the --zk_path of the Chronos
(/chronos/state by default), or http://[user:password@]host:port, of which only
the jobs can be read.
--to is zk://[user:password@]host:port[,…][/path], the --zk_path of hora (/hora by
default; no hora may run there yet), http://host:port of a hora that runs, or the
folder of a hora dev.

From ZooKeeper to ZooKeeper the framework id is taken over: start hora serve with
the role, user and principal of the Chronos, and it adopts the tasks that run.
Stop the Chronos first.

The settings --zk_tls…, --zk_auth… and --zk_timeout say how to speak to hora's own
ZooKeeper, as for hora serve, and may be in its file (--config) and in HORA_…; to
that of Chronos, which knows no TLS, connections are not encrypted.`,
		Example: "  hora import chronos --from zk://zk1:2181,zk2:2181/chronos/state --to zk://zk1:2181,zk2:2181/hora\n  hora import chronos --from http://chronos:8080 --to http://127.0.0.1:4400 --apply",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			m.stderr = cmd.ErrOrStderr()
			return m.importChronos(cmd.Context(), cmd.OutOrStdout(), overwrite)
		},
	}
	m.flags(one)
	one.Flags().BoolVar(&overwrite, "overwrite", false, "replace jobs that were changed in hora since, too")
	c.AddCommand(one)
	return c
}

func (m *migration) importChronos(ctx context.Context, out io.Writer, overwrite bool) error {
	if err := m.check(); err != nil {
		return err
	}
	snap, err := m.read(ctx)
	if err != nil {
		return err
	}
	if snap.Leader != "" && m.apply && !m.running {
		return fmt.Errorf("a Chronos is alive (%s): stop it first, so that nothing is run twice; or see --while_running", snap.Leader)
	}
	options := chronos.ImportOptions{Apply: m.apply, Overwrite: overwrite}
	plan, err := m.importInto(ctx, snap, options)
	if err != nil {
		return err
	}
	if m.output == "json" {
		form := planForm{Skipped: map[string]string{}, Framework: plan.Framework, TakesOver: plan.TakesOver, Leader: plan.Leader, Applied: m.apply}
		for _, it := range plan.Items {
			form.Jobs = append(form.Jobs, formOf(it, nil))
		}
		for _, s := range plan.Skipped {
			form.Skipped[s.Node] = s.Why
		}
		return writeJSON(out, form)
	}
	return m.printImport(out, plan)
}

// read reads the Chronos.
func (m *migration) read(ctx context.Context) (*chronos.Snapshot, error) {
	if isURL(m.from) {
		s, err := chronos.NewServer(m.from)
		if err != nil {
			return nil, badFlag("from", hide(m.from), strings.TrimPrefix(err.Error(), "want "))
		}
		snap, _, err := s.Fetch(ctx, m.defaults())
		return snap, err
	}
	nodes, err := connectChronos(ctx, "from", m.from)
	if err != nil {
		return nil, err
	}
	defer nodes.Close()
	snap, err := chronos.Read(ctx, nodes, m.defaults())
	if errors.Is(err, chronos.ErrNoState) {
		return nil, badFlag("from", hide(m.from), strings.TrimPrefix(err.Error(), "want "))
	}
	return snap, err
}

// importInto puts the snapshot where --to says.
func (m *migration) importInto(ctx context.Context, snap *chronos.Snapshot, o chronos.ImportOptions) (*chronos.Plan, error) {
	switch {
	case m.to == "":
		return nil, badFlag("to", `""`, "where hora keeps its state; see --help")
	case isURL(m.to):
		s, err := chronos.NewServer(m.to)
		if err != nil {
			return nil, badFlag("to", hide(m.to), strings.TrimPrefix(err.Error(), "want "))
		}
		return s.ImportTo(ctx, snap, m.defaults(), o)
	}
	s, err := m.openStore("to", m.to)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return chronos.ImportInto(ctx, s, snap, o)
}

// jobForm and planForm are what -o json prints.
type jobForm struct {
	Name     string   `json:"name"`
	Verdict  string   `json:"verdict"`
	Reason   string   `json:"reason,omitempty"`
	Notes    []string `json:"notes,omitempty"`
	Promises int      `json:"promises,omitempty"`
	Lost     []string `json:"lost,omitempty"`
}

type planForm struct {
	Jobs      []jobForm         `json:"jobs"`
	Skipped   map[string]string `json:"skipped,omitempty"` // why, by node
	Framework string            `json:"framework,omitempty"`
	TakesOver bool              `json:"takesOver,omitzero"`
	Promises  []string          `json:"promises,omitempty"`
	Runs      int               `json:"runs,omitempty"`
	Leader    string            `json:"leader,omitempty"`
	Applied   bool              `json:"applied"`
}

func formOf(it chronos.Item, lost []string) jobForm {
	return jobForm{it.Name, string(it.Verdict), it.Reason, it.Notes, it.Promises, lost}
}

func writeJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// shown is how many jobs of each verdict are listed without --all.
const shown = 20

// line is one job of a plan, as it is shown.
type line struct {
	verdict   chronos.Verdict
	name, say string
}

// list writes jobs by verdict, what a person has to look at first.
func (m *migration) list(out io.Writer, lines []line) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, v := range []chronos.Verdict{chronos.Refused, chronos.Kept, chronos.Removed, chronos.Changed, chronos.New, chronos.Same} {
		n := 0
		for _, l := range lines {
			if l.verdict != v || v == chronos.Same && l.say == "" && !m.all {
				continue
			}
			if n++; n <= shown || m.all {
				fmt.Fprintf(w, "%s\t%s\t%s\n", v, l.name, l.say)
			}
		}
		if n > shown && !m.all {
			fmt.Fprintf(w, "%s\t… and %d more (--all lists them)\t\n", v, n-shown)
		}
	}
	return w.Flush()
}

// counts writes how many jobs of each verdict there are.
func counts(lines []line) string {
	n := map[chronos.Verdict]int{}
	for _, l := range lines {
		n[l.verdict]++
	}
	var out []string
	for _, v := range []chronos.Verdict{chronos.New, chronos.Changed, chronos.Removed, chronos.Same, chronos.Kept, chronos.Refused} {
		if n[v] > 0 {
			out = append(out, fmt.Sprintf("%d %s", n[v], v))
		}
	}
	if len(out) == 0 {
		return "no jobs"
	}
	return strings.Join(out, ", ")
}

func (m *migration) printImport(out io.Writer, p *chronos.Plan) error {
	var lines []line
	promised := 0
	for _, it := range p.Items {
		say := it.Notes
		if it.Reason != "" {
			say = append([]string{it.Reason}, say...)
		}
		if it.Promises > 0 {
			promised += it.Promises
			say = append(say, fmt.Sprintf("%d promised and not started", it.Promises))
		}
		lines = append(lines, line{it.Verdict, it.Name, strings.Join(say, "; ")})
	}
	if err := m.list(out, lines); err != nil {
		return err
	}
	fmt.Fprintf(out, "\njobs       %s\n", counts(lines))
	if promised > 0 {
		fmt.Fprintf(out, "slots      %d are promised and not started: hora runs them, or records them as missed where epsilon is over\n", promised)
	}
	why := map[string]int{}
	for _, s := range p.Skipped {
		why[s.Why]++
	}
	for _, text := range sortedKeys(why) {
		fmt.Fprintf(out, "skipped    %d nodes: %s\n", why[text], text)
	}
	fmt.Fprintf(out, "framework  %s\n", p.Framework)
	m.epilogue(out, p.Leader, p.Changes())
	return nil
}

func sortedKeys(m map[string]int) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (m *migration) epilogue(out io.Writer, leader string, changes bool) {
	if leader != "" {
		fmt.Fprintf(out, "\nA Chronos is alive (%s): stop it before --apply.\n", leader)
	}
	switch {
	case m.apply:
		fmt.Fprintf(out, "\nDone.\n")
	case changes:
		fmt.Fprintf(out, "\nNothing was written: add --apply to do it.\n")
	default:
		fmt.Fprintf(out, "\nNothing was written, and nothing is to be done.\n")
	}
}

// exportChronosCommand gives back to another scheduler what hora has.
func exportChronosCommand() *cobra.Command {
	m := &migration{}
	release, prune := "", false
	one := &cobra.Command{
		Use:   "chronos --from PLACE --to PLACE --release 2.4|3.0 [flags]",
		Short: "Write the jobs and the framework id where a Chronos finds them",
		Long: `Write hora's jobs as a Chronos stores them. Without --apply it only says what it
would do: which jobs are written, which fields of theirs Chronos does not have,
which jobs it could not run at all.

--from is zk://[user:password@]host:port[,…][/path], the --zk_path of hora (/hora by
default), or the folder of a hora dev. Stop hora first.
--to is zk://[user:password@]host:port[,…][/path], the --zk_path of the Chronos
(/chronos/state by default), a folder that is there (a file for each job), or the
name of a file (all jobs in a list, as GET jobs gives them).

The settings --zk_tls…, --zk_auth… and --zk_timeout say how to speak to hora's own
ZooKeeper, as for hora serve, and may be in its file (--config) and in HORA_…; to
that of Chronos, which knows no TLS, connections are not encrypted.`,
		Example: "  hora export chronos --from zk://zk1:2181/hora --to zk://zk1:2181/chronos/state --release 2.4\n  hora export chronos --from hora-data --to jobs.json --release 3.0 --apply",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			m.stderr = cmd.ErrOrStderr()
			return m.exportChronos(cmd.Context(), cmd.OutOrStdout(), release, prune)
		},
	}
	m.flags(one)
	one.Flags().StringVar(&release, "release", "", "of the Chronos: 2.4 or 3.0")
	one.Flags().BoolVar(&prune, "prune", false, "delete jobs there that hora does not have")
	return one
}

func (m *migration) exportChronos(ctx context.Context, out io.Writer, name string, prune bool) error {
	if err := m.check(); err != nil {
		return err
	}
	release, ok := map[string]api.Release{"2.4": api.Chronos24, "2.4.0": api.Chronos24, "3.0": api.Chronos30, "3.0.2": api.Chronos30}[name]
	if !ok {
		return badFlag("release", fmt.Sprintf("%q", name), "2.4 or 3.0")
	}
	if m.to == "" {
		return badFlag("to", `""`, "where Chronos keeps its state, a folder or a file; see --help")
	}
	s, err := m.openStore("from", m.from)
	if err != nil {
		return err
	}
	defer s.Close()
	records, err := s.Load(ctx)
	if err != nil {
		return err
	}
	plan := chronos.Export(records, release, m.defaults())
	if strings.HasPrefix(m.to, "zk://") {
		err = m.exportToZooKeeper(ctx, plan, prune)
	} else if m.apply {
		err = exportToFiles(m.to, plan)
	}
	if err != nil {
		return err
	}
	if m.output == "json" {
		form := planForm{Framework: plan.Framework, Promises: plan.Promises, Runs: plan.Runs, Leader: plan.Leader, Applied: m.apply}
		for _, x := range plan.Jobs {
			form.Jobs = append(form.Jobs, formOf(x.Item, x.Lost))
		}
		return writeJSON(out, form)
	}
	return m.printExport(out, plan)
}

func (m *migration) exportToZooKeeper(ctx context.Context, plan *chronos.ExportPlan, prune bool) error {
	nodes, err := connectChronos(ctx, "to", m.to)
	if err != nil {
		return err
	}
	defer nodes.Close()
	leader, err := nodes.Leader(ctx)
	if err != nil {
		return err
	}
	if leader != "" && m.apply && !m.running {
		return fmt.Errorf("a Chronos is alive (%s): stop it first, it would not see what is written and might overwrite it", leader)
	}
	return plan.ExportTo(ctx, nodes, m.defaults(), m.apply, prune)
}

// exportToFiles writes a file for each job into a folder, or a list into a file.
func exportToFiles(to string, plan *chronos.ExportPlan) error {
	var list []json.RawMessage
	info, err := os.Stat(to)
	folder := err == nil && info.IsDir()
	for _, x := range plan.Jobs {
		if x.Value == nil {
			continue
		}
		list = append(list, x.Value)
		if folder {
			if err := os.WriteFile(filepath.Join(to, x.Name+".json"), append(x.Value, '\n'), 0o644); err != nil {
				return err
			}
		}
	}
	if folder {
		return nil
	}
	body := []byte("[")
	for i, value := range list {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, value...)
	}
	return os.WriteFile(to, append(body, "]\n"...), 0o644)
}

func (m *migration) printExport(out io.Writer, p *chronos.ExportPlan) error {
	var lines []line
	changes := len(p.Promises) > 0 || p.Framework != ""
	for _, x := range p.Jobs {
		changes = changes || x.Verdict == chronos.New || x.Verdict == chronos.Changed || x.Verdict == chronos.Removed
		say := x.Reason
		if len(x.Lost) > 0 {
			say = strings.TrimPrefix(say+"; loses "+strings.Join(x.Lost, ", "), "; ")
		}
		lines = append(lines, line{x.Verdict, x.Name, say})
	}
	if err := m.list(out, lines); err != nil {
		return err
	}
	fmt.Fprintf(out, "\njobs       %s\n", counts(lines))
	if n := len(p.Promises); n > 0 {
		fmt.Fprintf(out, "slots      %d promised tasks of before are deleted, as hora has taken them over\n", n)
	}
	if p.Runs > 0 {
		fmt.Fprintf(out, "runs       %d are not over: those with a task go on, retries and waiting runs stay behind\n", p.Runs)
	}
	if p.Framework != "" {
		fmt.Fprintf(out, "framework  %s\n", p.Framework)
	}
	m.epilogue(out, p.Leader, changes)
	return nil
}
