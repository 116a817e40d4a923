package chronos

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
)

// Nodes are the znodes of one Chronos. Names are those below its state.
type Nodes interface {
	// List returns the names of all nodes, in no order.
	List(ctx context.Context) ([]string, error)
	// Read returns a node's content and version. ok is false if it is gone.
	Read(ctx context.Context, name string) (data []byte, version int32, ok bool, err error)
	// Write makes a node (version NewNode) or replaces its content if it still
	// has that version; else it fails with ErrChanged.
	Write(ctx context.Context, name string, data []byte, version int32) error
	// Delete deletes a node if it still has that version.
	Delete(ctx context.Context, name string, version int32) error
	// Leader returns the address of a Chronos that is alive, "" if there is none.
	Leader(ctx context.Context) (string, error)
}

// NewNode is the version of a node that is not there.
const NewNode int32 = -1

// ErrChanged says that a node was changed by somebody else meanwhile.
var ErrChanged = errors.New("was changed by somebody else meanwhile")

// ErrNoState says that no Chronos has ever run there.
var ErrNoState = errors.New("there is no such node: want the path of a Chronos that has run (--zk_path)")

// Snapshot is what a Chronos has stored, or shows.
type Snapshot struct {
	Jobs        []Job // by name
	Skipped     []Skipped
	FrameworkID string // "" if it has none, or does not show it
	Leader      string // a Chronos that is alive: what is read may change
}

// Job is a job as Chronos has it.
type Job struct {
	Name     string
	Release  api.Release // whose form it has
	Value    []byte      // its JSON
	Promises []scheduler.Promise
	Notes    []string // what a person should know of it

	Job      *job.Job // nil if it cannot be read: Err says why
	Counters scheduler.Counters
	Err      error
}

// Skipped is a node that says nothing to hora.
type Skipped struct {
	Node string
	Why  string
}

// Prefixes and names of nodes (contracts/chronos.md 7.2).
const (
	jobPrefix     = "J_"
	taskPrefix    = "T_"
	frameworkNode = "frameworkId"
)

// readers is how many nodes are read at once.
const readers = 32

// Read reads a Chronos' state.
func Read(ctx context.Context, nodes Nodes, d api.Defaults) (*Snapshot, error) {
	snap := &Snapshot{}
	var err error
	if snap.Leader, err = nodes.Leader(ctx); err != nil {
		return nil, err
	}
	names, err := nodes.List(ctx)
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	entries, err := readAll(ctx, nodes, names)
	if err != nil {
		return nil, err
	}
	place := make(map[string]int)
	for i, name := range names {
		e := entries[i]
		switch {
		case e.gone:
		case strings.HasPrefix(name, taskPrefix): // after the jobs
		case e.err != nil:
			snap.skip(name, e.err.Error())
		case name == frameworkNode:
			if snap.FrameworkID, err = parseFrameworkID(e.Value); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err) // without it running tasks would be lost
			}
		case !strings.HasPrefix(name, jobPrefix):
			snap.skip(name, "is neither a job nor a task")
		case len(e.Value) == 0:
			snap.skip(name, "is empty: the job was deleted")
		default:
			j := decode(e.Value, d)
			if want := strings.TrimPrefix(name, jobPrefix); j.Err == nil && j.Name != want {
				j.Err = fmt.Errorf("name: is %q, but the node is that of %q", j.Name, want)
			}
			j.Name = strings.TrimPrefix(name, jobPrefix)
			place[j.Name] = len(snap.Jobs)
			snap.Jobs = append(snap.Jobs, j)
		}
	}
	for i, name := range names {
		if strings.HasPrefix(name, taskPrefix) && !entries[i].gone {
			snap.addTask(name, place)
		}
	}
	slices.SortStableFunc(snap.Jobs, func(a, b Job) int { return cmp.Compare(a.Name, b.Name) })
	return snap, nil
}

func (s *Snapshot) skip(node, why string) { s.Skipped = append(s.Skipped, Skipped{node, why}) }

// addTask takes a T_ node in. Its name says all; the job in it is that of the
// moment when it was written. 3.0 leaves those of a former 2.4 alone.
func (s *Snapshot) addTask(node string, place map[string]int) {
	id := strings.TrimPrefix(node, taskPrefix)
	slot, attempt, name, ok := scheduler.ParseTaskID(id)
	i, known := place[name]
	switch {
	case !ok:
		s.skip(node, "is no task id")
	case !known:
		s.skip(node, "its job does not exist")
	case s.Jobs[i].Release == api.Chronos30:
		s.skip(node, "was left behind by 2.4, and 3.0 does not heed it")
	default:
		s.Jobs[i].Promises = append(s.Jobs[i].Promises, scheduler.Promise{TaskID: id, Slot: slot, Attempt: attempt})
	}
}

// entry is a node that was read.
type entry struct {
	Entry
	gone bool
	err  error // what is wrong with its content
}

// readAll reads all nodes, some at once.
func readAll(ctx context.Context, nodes Nodes, names []string) ([]entry, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := make([]entry, len(names))
	next := make(chan int)
	var reading sync.WaitGroup
	for range min(readers, len(names)) {
		reading.Go(func() {
			for i := range next {
				data, _, ok, err := nodes.Read(ctx, names[i])
				if err != nil {
					cancel(fmt.Errorf("read %s: %w", names[i], err))
					return
				}
				if out[i].gone = !ok; ok {
					out[i].Entry, out[i].err = ParseEntry(data)
				}
			}
		})
	}
feed:
	for i := range names {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	reading.Wait()
	return out, context.Cause(ctx)
}

// ReadList reads the list of jobs that a Chronos shows (GET jobs).
func ReadList(body []byte, d api.Defaults) (*Snapshot, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("is no list of jobs: %w", err)
	}
	snap := &Snapshot{}
	seen := make(map[string]bool)
	for i, value := range list {
		j := decode(value, d)
		if seen[j.Name] || j.Name == "" {
			snap.skip(fmt.Sprintf("item %d", i), "has no name, or the name of another")
			continue
		}
		seen[j.Name] = true
		snap.Jobs = append(snap.Jobs, j)
	}
	slices.SortStableFunc(snap.Jobs, func(a, b Job) int { return cmp.Compare(a.Name, b.Name) })
	return snap, nil
}

// names30 are the names that 3.0 can run (contracts/chronos.md 5.2).
var names30 = regexp.MustCompile(`^[\w.-]+$`)

// decode reads a job.
func decode(value []byte, d api.Defaults) Job {
	j := Job{Value: value, Release: releaseOf(value)}
	def, counters, err := api.DecodeJob(value, j.Release, d)
	for _, field := range []string{"lastSuccess", "lastError"} {
		var wrong *job.FieldError
		if !errors.As(err, &wrong) || wrong.Field != field {
			continue
		}
		// A client may have written anything there; it is no reason to lose the job.
		j.Notes = append(j.Notes, wrong.Error()+": left out")
		if value, err = without(value, field); err == nil {
			j.Value = value
			def, counters, err = api.DecodeJob(value, j.Release, d)
		}
	}
	if j.Err = err; err != nil {
		var named struct{ Name string }
		_ = json.Unmarshal(value, &named) // what cannot be read has no name
		j.Name = named.Name
		return j
	}
	j.Name, j.Job, j.Counters = def.Name, def, counters
	if !names30.MatchString(j.Name) {
		j.Notes = append(j.Notes, "3.0 cannot run a job of this name; hora can")
	}
	for name, text := range map[string]string{"runAsUser": def.RunAsUser, "owner": def.Owner} {
		if text == "null" {
			j.Notes = append(j.Notes, name+" is the word null, which a client has sent for nothing")
		}
	}
	slices.Sort(j.Notes)
	return j
}

// releaseOf tells by its fields which release has written a job: 3.0 has
// neither epsilon nor async, 2.4 always writes both (contracts/chronos.md 2.2).
func releaseOf(value []byte) api.Release {
	var has struct{ Epsilon, Async json.RawMessage }
	if json.Unmarshal(value, &has) == nil && (has.Epsilon != nil || has.Async != nil) {
		return api.Chronos24
	}
	return api.Chronos30
}

// without takes a member out of an object.
func without(value []byte, name string) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(value, &members); err != nil {
		return nil, err
	}
	delete(members, name)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(members)
	return b.Bytes(), err
}
