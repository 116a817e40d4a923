package jobfile

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/submit/document"
)

// Limits of what is loaded at once.
const (
	MaxFiles    = 10000  // of a folder
	MaxJobs     = 200000 // of all files
	maxIncludes = 16     // how deep files include files
)

// Keys of a file that are not a job's.
const (
	jobsKey      = "jobs"
	defaultsKey  = "defaults"
	profilesKey  = "profiles"
	includeKey   = "include"
	variablesKey = "variables"
	profileKey   = "profile" // of a job
	freePrefix   = "x-"      // keys that begin so are the author's: for anchors and substitutions
)

var fileKeys = []string{includeKey, variablesKey, defaultsKey, profilesKey, jobsKey}

// Job is a job as it stands in a file, all told: defaults and profile are in it.
type Job struct {
	*job.Job
	Given map[string]document.Pos // fields that are said somewhere, and where
	Pos   document.Pos
}

// Loader reads job files.
type Loader struct {
	Set map[string]string                // variables of the command line
	Env func(name string) (string, bool) // the environment; nil: there is none

	parsed map[string]*file // by path
	count  int
}

// file is what is known of a file once it is read.
type file struct {
	variables map[string]string
	defaults  *template
	profiles  map[string]*template
	jobs      []*Job
	taken     bool // its jobs have been handed out
}

// template is a part of a job that others take over.
type template struct {
	members []document.Member
}

// Load reads files and folders, and the files that these include. In folders,
// files that begin with a dot are passed over. All mistakes are told at once.
func (l *Loader) Load(paths ...string) ([]*Job, error) {
	if l.parsed == nil {
		l.parsed = make(map[string]*file)
	}
	names, err := Files(paths...)
	if err != nil {
		return nil, err
	}
	d := &decoder{}
	var out []*Job
	for _, name := range names {
		if f := l.file(d, name, nil, document.Pos{File: name}); f != nil {
			out = append(out, f.take()...)
		}
	}
	for _, f := range l.included() {
		out = append(out, f.take()...)
	}
	d.checkNames(out)
	sortErrors(d.errs)
	return out, Join(d.errs)
}

// sortErrors brings errors into the order of their places.
func sortErrors(errs []error) {
	place := func(err error) document.Pos {
		var at *document.Error
		if errors.As(err, &at) {
			return at.Pos
		}
		return document.Pos{}
	}
	slices.SortStableFunc(errs, func(a, b error) int {
		x, y := place(a), place(b)
		return cmp.Or(strings.Compare(x.File, y.File), x.Line-y.Line, x.Column-y.Column)
	})
}

// Parse reads the text of one file, as Load reads files.
func (l *Loader) Parse(name string, text []byte) ([]*Job, error) {
	d := &decoder{}
	f := newFile()
	docs, err := document.Reader{Env: l.Env}.Read(name, text)
	if err != nil {
		return nil, err
	}
	for _, doc := range docs {
		l.document(d, f, doc, []string{name})
	}
	d.checkNames(f.jobs)
	sortErrors(d.errs)
	return f.jobs, Join(d.errs)
}

// LoadTemplate reads a file that holds a part of one job, for others to be made of.
func (l *Loader) LoadTemplate(name string) (*Job, error) {
	text, err := readFile(name)
	if err != nil {
		return nil, err
	}
	docs, err := document.Reader{Env: l.Env, Open: readFile}.Read(name, text)
	if err != nil {
		return nil, err
	}
	j := &Job{Job: Blank(), Given: make(map[string]document.Pos), Pos: document.Pos{File: name}}
	if len(docs) != 1 {
		return nil, document.Errorf(j.Pos, "holds %d documents, want the fields of one job", len(docs))
	}
	d := &decoder{}
	t := d.template(&template{}, d.expand(docs[0], scope{set: l.Set, env: l.Env}), "the base")
	d.members(j.Job, t.members)
	for _, m := range t.members {
		j.Given[fieldOf(m.Key)] = m.Value.Pos
	}
	return j, Join(d.errs)
}

// Derive returns a job of which j is the base, that stands elsewhere.
func (j *Job) Derive(def *job.Job, at document.Pos) *Job {
	return &Job{Job: def, Given: j.Given, Pos: at}
}

// CheckNames refuses two jobs of one name.
func CheckNames(jobs []*Job) error {
	d := &decoder{}
	d.checkNames(jobs)
	return Join(d.errs)
}

func newFile() *file {
	return &file{variables: make(map[string]string), defaults: &template{}, profiles: make(map[string]*template)}
}

func (f *file) take() []*Job {
	if f.taken {
		return nil
	}
	f.taken = true
	return f.jobs
}

// included are the files, in order of their names.
func (l *Loader) included() []*file {
	var out []*file
	for _, name := range slices.Sorted(maps.Keys(l.parsed)) {
		if f := l.parsed[name]; f != nil {
			out = append(out, f)
		}
	}
	return out
}

// Files lists the job files of folders, sorted, and the files that are named.
// What begins with a dot in a folder is passed over.
func Files(paths ...string) ([]string, error) {
	var out []string
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			out = append(out, filepath.Clean(p))
			continue
		}
		err = filepath.WalkDir(p, func(name string, e fs.DirEntry, err error) error {
			hidden := name != p && strings.HasPrefix(e.Name(), ".")
			switch {
			case err != nil:
				return err
			case hidden && e.IsDir():
				return filepath.SkipDir
			case hidden || e.IsDir() || !slices.Contains(document.Extensions, strings.ToLower(filepath.Ext(name))):
				return nil
			}
			if out = append(out, filepath.Clean(name)); len(out) > MaxFiles {
				return fmt.Errorf("%s: there are more than %d job files", p, MaxFiles)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// file reads one file, once. within are the files that include it.
func (l *Loader) file(d *decoder, name string, within []string, at document.Pos) *file {
	switch {
	case slices.Contains(within, name):
		d.fail(at, "%s includes itself: %s", name, strings.Join(append(within, name), " → "))
		return nil
	case len(within) > maxIncludes:
		d.fail(at, "files include each other more than %d deep", maxIncludes)
		return nil
	}
	if f, there := l.parsed[name]; there {
		return f
	}
	f := newFile()
	l.parsed[name] = f
	text, err := readFile(name)
	if err != nil {
		d.fail(at, "%v", err)
		return f
	}
	docs, err := document.Reader{Env: l.Env, Open: readFile}.Read(name, text)
	if err != nil {
		d.errs = append(d.errs, err)
		return f
	}
	for _, doc := range docs {
		l.document(d, f, doc, append(slices.Clone(within), name))
	}
	return f
}

// readFile reads a file that is not larger than a document may be.
func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > document.MaxBytes {
		return nil, fmt.Errorf("%s has %d bytes, at most %d are read", name, info.Size(), document.MaxBytes)
	}
	return os.ReadFile(name)
}

// document reads one document: a job, a list of jobs, or a file with jobs and
// what they have in common.
func (l *Loader) document(d *decoder, f *file, n *document.Node, within []string) {
	switch n.Kind {
	case document.List:
		l.jobs(d, f, d.expand(n, l.scope(f)))
		return
	case document.Object:
	default:
		d.fail(n.Pos, "is %s, want a job, a list of jobs, or an object with the key jobs", n.Kind)
		return
	}
	if inc := n.Get(includeKey); inc != nil {
		l.include(d, f, d.expand(inc, scope{set: l.Set, env: l.Env}), within)
	}
	if v := n.Get(variablesKey); v != nil {
		for _, one := range d.variables(variablesKey, d.expand(v, l.scope(f)), "name", "value") {
			f.variables[one.Name] = one.Value
		}
	}
	s := l.scope(f)
	own := &document.Node{Kind: document.Object, Pos: n.Pos}
	for _, m := range n.Members {
		switch m.Key {
		case includeKey, variablesKey, jobsKey:
		case defaultsKey:
			f.defaults = d.template(f.defaults, d.expand(m.Value, s), defaultsKey)
		case profilesKey:
			d.profiles(f, d.expand(m.Value, s))
		default:
			if !strings.HasPrefix(m.Key, freePrefix) {
				own.Members = append(own.Members, m)
			}
		}
	}
	list := n.Get(jobsKey)
	if list != nil {
		l.jobs(d, f, d.expand(list, s))
	}
	switch {
	case len(own.Members) == 0:
	case list != nil:
		m := own.Members[0]
		d.fail(m.Pos, "unknown key %q beside jobs%s", m.Key, didYouMean(m.Key, fileKeys))
	default:
		l.job(d, f, d.expand(own, s), "")
	}
}

func (l *Loader) scope(f *file) scope { return scope{l.Set, f.variables, l.Env} }

// include reads the files that a file names and takes over their variables,
// defaults and profiles.
func (l *Loader) include(d *decoder, f *file, n *document.Node, within []string) {
	items := n.Items
	if n.Kind == document.Text {
		items = []*document.Node{n}
	} else if n.Kind != document.List {
		d.fail(n.Pos, "include is %s, want the name of a file or a list of them", n.Kind)
	}
	for _, item := range items {
		if item.Kind != document.Text || filepath.IsAbs(item.Text) {
			d.fail(item.Pos, "include: want the name of a file, relative to this one")
			continue
		}
		other := l.file(d, filepath.Join(filepath.Dir(within[len(within)-1]), item.Text), within, item.Pos)
		if other == nil {
			continue
		}
		maps.Copy(f.variables, other.variables)
		maps.Copy(f.profiles, other.profiles)
		f.defaults = f.defaults.with(other.defaults.members)
	}
}

func (d *decoder) profiles(f *file, n *document.Node) {
	if n.Kind != document.Object {
		d.fail(n.Pos, "profiles is %s, want NAME: {fields}", n.Kind)
		return
	}
	for _, m := range n.Members {
		f.profiles[m.Key] = d.template(&template{}, m.Value, profilesKey+"."+m.Key)
	}
}

// template checks the part of a job and lays it over another.
func (d *decoder) template(under *template, n *document.Node, name string) *template {
	if n.Kind != document.Object {
		d.fail(n.Pos, "%s is %s, want the fields of a job", name, n.Kind)
		return under
	}
	var members []document.Member
	for _, m := range n.Members {
		if m.Key == "name" || m.Key == profileKey {
			d.fail(m.Pos, "%s has a %s, which only a job has", name, m.Key)
			continue
		}
		if d.checkKey(m, false) {
			members = append(members, m)
		}
	}
	try := &decoder{} // each template is read once by itself, so that a mistake is told once
	try.members(Blank(), members)
	d.errs = append(d.errs, try.errs...)
	if len(try.errs) > 0 {
		return under
	}
	return under.with(members)
}

// with lays members over a template: fields are replaced, environments joined.
func (t *template) with(members []document.Member) *template {
	return &template{append(slices.Clone(t.members), members...)}
}

// checkKey tells whether a member is a field; if it is not, it says so.
func (d *decoder) checkKey(m document.Member, isJob bool) bool {
	known := make([]string, 0, len(Fields)+len(aliases)+1)
	for _, f := range Fields {
		known = append(known, f.Name)
	}
	for _, a := range aliases {
		known = append(known, a.name)
	}
	if isJob {
		known = append(known, profileKey)
	}
	switch {
	case slices.Contains(known, m.Key):
	case slices.Contains(ignored, m.Key):
		return false
	default:
		d.fail(m.Pos, "unknown key %q%s", m.Key, didYouMean(m.Key, known))
		return false
	}
	if m.Value.Kind == document.Null {
		if !strings.EqualFold(filepath.Ext(m.Pos.File), ".json") {
			d.fail(m.Value.Pos, "%s has no value; leave it out, or say what it is", m.Key)
		}
		return false
	}
	return true
}
