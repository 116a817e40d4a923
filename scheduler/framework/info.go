package framework

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/hora-scheduler/hora/job"
)

// Options say who the framework is (contracts/chronos.md 6.1). Name and User are
// required. User and checkpointing of a framework that has subscribed before
// stay as they were, whatever is said later (Mesos contract 1.6).
type Options struct {
	Name string // --mesos_framework_name
	User string // of tasks that name none (--user)
	// Roles are those whose resources are used, with the unreserved ones; none
	// is *. Several, and roles that change, need Mesos 1.3 (--mesos_role).
	Roles     []string
	Principal string // who the framework is to the master's rights (--mesos_authentication_principal)
	Hostname  string // of this scheduler, for people
	WebUI     string // address of its page, for people

	// FailoverTimeout is how long the master keeps our tasks while nobody leads
	// (Mesos contract 1.7); zero is a week, as in Chronos.
	FailoverTimeout time.Duration
	NoCheckpoint    bool           // tasks end when their agent is restarted
	GPUs            bool           // agents with gpus make offers, too
	Labels          []job.Variable // shown in the master's state
}

// Bounds of a failover timeout. Less than a minute is over before anybody has
// taken over; the master counts nanoseconds in 64 bits.
const (
	defaultFailover = 7 * 24 * time.Hour
	minFailover     = time.Minute
)

// Info describes the framework to the master, or says what is wrong.
//
// The capabilities are the fewest that serve: PARTITION_AWARE and
// TASK_KILLING_STATE always; GPU_RESOURCES if gpus are wanted, for otherwise the
// master fills agents with gpus by tasks that need none; MULTI_ROLE only for
// several roles, because before 1.2 a master does not know it and takes the
// framework for one of the role *; RESERVATION_REFINEMENT only for a role within
// a role (a/b), because no other can have a refined reservation, and without it
// resources keep their old form. What an older master does not know of these it
// passes by (Mesos contract 6, 4.7).
func (o Options) Info() (mesosv1.FrameworkInfo, error) {
	if err := o.check(); err != nil {
		return mesosv1.FrameworkInfo{}, err
	}
	failover := o.FailoverTimeout
	if failover == 0 {
		failover = defaultFailover
	}
	timeout, checkpoint := failover.Seconds(), !o.NoCheckpoint
	info := mesosv1.FrameworkInfo{
		Name: o.Name, User: o.User, FailoverTimeout: &timeout, Checkpoint: &checkpoint,
		Principal: optional(o.Principal), Hostname: optional(o.Hostname), WebUiURL: optional(o.WebUI), Labels: labels(o.Labels),
	}
	can := func(c mesosv1.FrameworkInfo_Capability_Type) {
		info.Capabilities = append(info.Capabilities, mesosv1.FrameworkInfo_Capability{Type: c})
	}
	can(mesosv1.FrameworkInfo_Capability_PARTITION_AWARE)
	can(mesosv1.FrameworkInfo_Capability_TASK_KILLING_STATE)
	if o.GPUs {
		can(mesosv1.FrameworkInfo_Capability_GPU_RESOURCES)
	}
	if slices.ContainsFunc(o.Roles, func(r string) bool { return strings.Contains(r, "/") }) {
		can(mesosv1.FrameworkInfo_Capability_RESERVATION_REFINEMENT)
	}
	switch {
	case len(o.Roles) > 1:
		can(mesosv1.FrameworkInfo_Capability_MULTI_ROLE)
		info.Roles = o.Roles
	case len(o.Roles) == 1 && o.Roles[0] != "*":
		info.Role = &o.Roles[0]
	}
	return info, nil
}

// Info describes a framework of the role * by its name and user. It panics if
// one is missing.
func Info(name, user string) mesosv1.FrameworkInfo {
	info, err := Options{Name: name, User: user}.Info()
	if err != nil {
		panic(err)
	}
	return info
}

func (o *Options) check() error {
	switch {
	case o.Name == "":
		return errors.New("the framework has no name")
	case o.User == "":
		return errors.New("the framework has no user")
	case o.FailoverTimeout != 0 && o.FailoverTimeout < minFailover:
		return fmt.Errorf("failover timeout %v: expected at least %v; when it is over the master kills all tasks", o.FailoverTimeout, minFailover)
	}
	for i, r := range o.Roles {
		if err := checkRole(r); err != nil {
			return fmt.Errorf("role %q: %w", r, err)
		}
		if slices.Contains(o.Roles[:i], r) {
			return fmt.Errorf("role %q is given twice", r)
		}
	}
	return nil
}

// checkRole tells whether Mesos takes a name of a role (Mesos contract 1.6).
func checkRole(name string) error {
	if name == "*" {
		return nil
	}
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "":
			return errors.New("a part of it is empty")
		case part == "." || part == ".." || part == "*":
			return fmt.Errorf("%q is no name", part)
		case part[0] == '-':
			return errors.New("it begins with a dash")
		case strings.ContainsAny(part, "\t\n\v\f\r \b"):
			return errors.New("it has a blank or a control character")
		}
	}
	return nil
}

// Roles are the roles to which offers are made to a framework.
func Roles(info *mesosv1.FrameworkInfo) []string {
	switch {
	case len(info.Roles) > 0:
		return info.Roles
	case info.Role != nil:
		return []string{*info.Role}
	}
	return []string{"*"}
}

// usable tells whether what is reserved for a role may be used by one of ours:
// by the role itself and by those within it.
func usable(reserved string, ours []string) bool {
	return reserved == "*" || slices.ContainsFunc(ours, func(r string) bool { return r == reserved || strings.HasPrefix(r, reserved+"/") })
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func labels(list []job.Variable) *mesosv1.Labels {
	if len(list) == 0 {
		return nil
	}
	out := &mesosv1.Labels{}
	for _, l := range list {
		out.Labels = append(out.Labels, mesosv1.Label{Key: l.Name, Value: text(l.Value)})
	}
	return out
}
