package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	calls "github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/hora-scheduler/hora/mesos/mesossim"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/framework"
)

// simulated is a Mesos cluster in virtual time, whose tasks are real shells:
// what they sleep passes at once. It is as the recorded one was: two agents,
// two users.
type simulated struct {
	t  *testing.T
	mu sync.Mutex // guards all below; the model is for one goroutine at a time

	model   *mesossim.Model
	fid     string
	stream  string
	events  []*calls.Event
	more    chan struct{} // of capacity 1: there are events
	killed  map[string]chan struct{}
	outputs map[string]string // of tasks that are over, by id
	running sync.WaitGroup
}

func newSimulated(t *testing.T) *simulated {
	m := &simulated{
		t: t, more: make(chan struct{}, 1), killed: map[string]chan struct{}{}, outputs: map[string]string{},
		model: mesossim.New(time.Now(), mesossim.Options{Profile: mesossim.Mesos1_3, AllocationInterval: 100 * time.Millisecond}),
	}
	for i, attributes := range []string{"rack:1;hostgroup:a", "rack:2;hostgroup:b"} {
		a, err := mesossim.ParseAttributes(attributes)
		if err != nil {
			t.Fatal(err)
		}
		r, err := mesossim.ParseResources("cpus:4;mem:4096;disk:16384;ports:[31000-31999]")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.model.AddAgent(time.Now(), mesossim.AgentSpec{Hostname: fmt.Sprint("agent", i+1), Port: 5051 + i, Resources: r, Attributes: a}); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// clock lets the model's time pass until ctx ends; then no task is left.
func (m *simulated) clock(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
			m.enter(func(now time.Time) { m.model.Advance(now) })
		}
	}
	m.mu.Lock()
	for id := range m.killed {
		m.kill(id)
	}
	m.mu.Unlock()
	m.running.Wait()
}

// enter does something with the model and takes up what follows.
func (m *simulated) enter(do func(now time.Time)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	do(time.Now())
	for _, d := range m.model.Drain() {
		if d.Stream == m.stream && d.Event != nil {
			m.events = append(m.events, d.Event)
		}
	}
	if len(m.events) > 0 {
		select {
		case m.more <- struct{}{}:
		default:
		}
	}
	for _, c := range m.model.Commands() {
		switch c.Kind {
		case mesossim.Launch:
			killed := make(chan struct{})
			m.killed[c.ContainerID] = killed
			m.running.Go(func() { m.execute(c, killed) })
		default:
			m.kill(c.ContainerID)
		}
	}
}

func (m *simulated) kill(container string) {
	if killed, there := m.killed[container]; there {
		close(killed)
		delete(m.killed, container)
	}
}

// Run implements leader.Cluster.
func (m *simulated) Run(ctx context.Context, frameworkID string, deliver func(scheduler.Event)) error {
	info := framework.Info("hora", "root")
	call := &calls.Call{Type: calls.Call_SUBSCRIBE, Subscribe: &calls.Call_Subscribe{FrameworkInfo: &info}}
	if frameworkID != "" {
		id := mesosv1.FrameworkID{Value: frameworkID}
		call.FrameworkID, info.ID = &id, &id
	}
	stream := ""
	m.enter(func(now time.Time) {
		stream = m.model.Subscribe(now, call, "")
		m.stream, m.events = stream, nil
	})
	for {
		select {
		case <-ctx.Done():
			m.enter(func(now time.Time) { m.model.Disconnected(now, stream) })
			return nil
		case <-m.more:
		}
		m.mu.Lock()
		events := m.events
		m.events = nil
		m.mu.Unlock()
		for _, ev := range events {
			if ev.Type == calls.Event_SUBSCRIBED {
				m.mu.Lock()
				m.fid = ev.Subscribed.FrameworkID.GetValue()
				m.mu.Unlock()
				deliver(scheduler.Subscribed{FrameworkID: m.fid})
			} else if out := framework.Event(ev); out != nil {
				deliver(out)
			}
		}
	}
}

// Perform implements leader.Cluster.
func (m *simulated) Perform(_ context.Context, e scheduler.Effect) error {
	call, err := framework.Call(e)
	if err != nil {
		return err
	}
	m.enter(func(now time.Time) {
		call.FrameworkID = &mesosv1.FrameworkID{Value: m.fid}
		if refusal := m.model.Call(now, call); refusal != nil {
			m.t.Errorf("the master refuses %s: %v", call.Type, refusal)
		}
	})
	return nil
}

// users that the agents have.
var users = []string{"root", "nobody"}

// execute runs a task.
func (m *simulated) execute(c mesossim.Command, killed <-chan struct{}) {
	spec := c.Launch
	pause(113*time.Millisecond + 7*time.Microsecond)
	if !slices.Contains(users, spec.User) {
		m.enter(func(now time.Time) {
			m.model.LaunchFailed(now, c.ContainerID, "Failed to get user information for '"+spec.User+"'")
		})
		return
	}
	m.enter(func(now time.Time) { m.model.Started(now, c.ContainerID, 1) })
	output, exit := perform(spec, killed)
	m.enter(func(now time.Time) {
		delete(m.killed, c.ContainerID)
		m.outputs[spec.Task.TaskID.Value] = output
		m.model.Exited(now, c.ContainerID, exit)
	})
}

// perform runs the command of a task. In a shell, sleep asks us, and id knows
// the task's user.
func perform(spec *mesossim.LaunchSpec, killed <-chan struct{}) (string, mesossim.Exit) {
	command := spec.Task.Command
	cmd := exec.Command("/bin/sh", "-c", `sleep() { echo "$1" >&3; read -r _ <&4; }; id() { echo "$SIMULATED_USER"; }; `+command.GetValue())
	if command.Shell != nil && !*command.Shell {
		cmd = &exec.Cmd{Path: command.GetValue(), Args: command.Arguments}
		if len(cmd.Args) == 0 {
			cmd.Args = []string{cmd.Path}
		}
	}
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "SIMULATED_USER=" + spec.User}
	for _, v := range command.GetEnvironment().GetVariables() {
		cmd.Env = append(cmd.Env, v.Name+"="+v.GetValue())
	}
	out, err := os.CreateTemp("", "golden-*") // a pipe would have to be read, and time stands still meanwhile
	if err != nil {
		return err.Error(), mesossim.Exit{Status: 127}
	}
	defer out.Close()
	defer os.Remove(out.Name())
	cmd.Stdout = out
	ask, asks, err := os.Pipe()
	if err != nil {
		return err.Error(), mesossim.Exit{Status: 127}
	}
	answers, answer, err := os.Pipe()
	if err != nil {
		return err.Error(), mesossim.Exit{Status: 127}
	}
	cmd.ExtraFiles = []*os.File{asks, answers}
	err = cmd.Start()
	asks.Close()
	answers.Close()
	defer ask.Close()
	defer answer.Close()
	if err != nil {
		return err.Error(), mesossim.Exit{Status: 1} // as the real executor: its exec fails
	}
	exit := mesossim.Exit{}
	for lines := bufio.NewScanner(ask); lines.Scan(); {
		seconds, err := strconv.ParseFloat(lines.Text(), 64)
		if err != nil {
			exit.Status = 1
		}
		select {
		case <-time.After(time.Duration(seconds * float64(time.Second))):
			fmt.Fprintln(answer)
		case <-killed:
			_ = cmd.Process.Kill()
			exit.Signal = "Killed"
		}
	}
	_ = cmd.Wait()
	if exit.Signal == "" {
		exit.Status = cmd.ProcessState.ExitCode()
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		return err.Error(), exit
	}
	return string(text), exit
}

// seen is a task that the master knows.
type seen struct {
	view mesossim.TaskView
	host string
}

// tasks are those of a job, oldest first.
func (m *simulated) tasks(job string) []seen {
	var out []seen
	m.enter(func(time.Time) {
		v := m.model.Master()
		hosts := map[string]string{}
		for _, a := range v.Agents {
			hosts[a.ID] = a.Spec.Hostname
		}
		for _, f := range append(v.Framework, v.Completed...) {
			for _, t := range slices.Concat(f.Tasks, f.Done, f.Unreachable) {
				if t.Info.Name == "ChronosTask:"+job {
					out = append(out, seen{t, hosts[t.AgentID]})
				}
			}
		}
	})
	slices.SortFunc(out, func(a, b seen) int {
		if a.view.Before(b.view) {
			return -1
		}
		return 1
	})
	return out
}

// observe tells what the recorder would have seen of a job.
func (m *simulated) observe(o observation, vars *placeholders) any {
	all := m.tasks(vars.fill(o.Job))
	if o.Kind == "tasks" {
		list := []any{}
		for _, s := range all {
			list = append(list, s.describe(o.Agent))
		}
		return ordered{{"tasks", list}}
	}
	if len(all) == 0 {
		return ordered{{"error", "no task"}}
	}
	id := all[len(all)-1].view.Info.TaskID.Value
	lines, marked := m.marked(id)
	if !marked {
		return ordered{{"task", id}, {"error", "no marked lines"}}
	}
	texts := []any{}
	for _, l := range lines {
		texts = append(texts, l)
	}
	return ordered{{"task", id}, {"lines", texts}}
}

func (s seen) describe(agent bool) ordered {
	amount := func(name string) any {
		sum := 0.0
		for _, r := range s.view.Info.Resources {
			if r.Name == name {
				sum += r.Scalar.GetValue()
			}
		}
		return json.Number(strconv.FormatFloat(sum, 'f', -1, 64))
	}
	out := ordered{
		{"id", s.view.Info.TaskID.Value}, {"name", s.view.Info.Name}, {"state", s.view.State.String()},
		{"resources", ordered{{"cpus", amount("cpus")}, {"mem", amount("mem")}, {"disk", amount("disk")}}},
	}
	if agent {
		out = append(out, member{"agent", s.host})
	}
	return out
}

// marked waits for the lines between the marks in what a task wrote.
func (m *simulated) marked(task string) ([]string, bool) {
	for range 20 {
		m.mu.Lock()
		output := m.outputs[task]
		m.mu.Unlock()
		lines := strings.Split(output, "\n")
		if from, to := slices.Index(lines, "BEGIN-GOLDEN"), slices.Index(lines, "END-GOLDEN"); from >= 0 && to > from {
			return lines[from+1 : to], true
		}
		pause(500 * time.Millisecond)
	}
	return nil, false
}
