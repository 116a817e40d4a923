package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/hora-scheduler/hora/mesos/mesossim"
)

// Sandbox is the directory of a task as Mesos lays it out (Mesos contract 5).
func Sandbox(workDir, container string, spec *mesossim.LaunchSpec) string {
	return filepath.Join(workDir, "slaves", spec.AgentID, "frameworks", component(spec.FrameworkID),
		"executors", component(spec.Task.TaskID.Value), "runs", container)
}

// component makes an id one component of a path. Masters before 1.8 take any
// framework id, even one with slashes.
func component(id string) string {
	if id == "." || id == ".." {
		return strings.ReplaceAll(id, ".", "%2E")
	}
	return strings.ReplaceAll(id, "/", "%2F")
}

func (r *Runner) sandbox(container string, spec *mesossim.LaunchSpec) string {
	dir := r.config.WorkDir
	if r.config.Prefix != nil {
		dir = filepath.Join(dir, r.config.Prefix(spec.Agent))
	}
	return Sandbox(dir, container, spec)
}

// start starts a command in its sandbox.
func (r *Runner) start(j *job) (*proc, error) {
	spec, dir := j.spec, j.dir
	cred, err := r.users.credential(spec.User)
	if err != nil {
		//lint:ignore ST1005 the words of the real agent
		return nil, fmt.Errorf("Failed to chown '%s' to user '%s' : %w", filepath.Join(dir, "stdout"), spec.User, err)
	}
	if cred != nil {
		for _, path := range []string{dir, filepath.Join(dir, "stdout"), filepath.Join(dir, "stderr")} {
			if err := os.Chown(path, int(cred.Uid), int(cred.Gid)); err != nil {
				//lint:ignore ST1005 the words of the real agent
				return nil, fmt.Errorf("Failed to chown '%s' to user '%s' : %w", path, spec.User, err)
			}
		}
	}
	env := r.environment(j.task.container, spec, dir)
	attr := &launchAttr{dir: dir, env: env, in: r.null, out: j.out, err: j.log, cred: cred}
	command := spec.Task.Command
	argv := []string{"sh", "-c", command.GetValue()}
	path := "/bin/sh"
	if command.Shell != nil && !*command.Shell {
		argv = command.Arguments
		if len(argv) == 0 {
			argv = []string{command.GetValue()}
		}
		path, err = lookPath(command.GetValue(), dir, env)
	}
	if err == nil {
		var p *proc
		p, err = startProc(path, argv, attr)
		if err == nil {
			return p, nil
		}
	}
	if command.Shell == nil || *command.Shell {
		return nil, err
	}
	// As the real executor: the task runs, and its exec fails with status 1
	// (OBSERVATIONS 2.17).
	fmt.Fprintf(j.log, "Failed to execute command: %v\n", err)
	return startProc("/bin/sh", []string{"sh", "-c", "exit 1"}, attr)
}

// makeSandbox makes a task's directory. In nearly all cases all but the last
// three levels are there, and each look at the file system costs.
func makeSandbox(dir string) error {
	runs := filepath.Dir(dir)
	_ = syscall.Mkdir(filepath.Dir(runs), 0o755) // errors show below
	_ = syscall.Mkdir(runs, 0o755)
	if err := syscall.Mkdir(dir, 0o755); err == nil {
		return nil
	}
	return os.MkdirAll(dir, 0o755)
}

// openSandbox makes a sandbox directory with stdout and stderr.
func openSandbox(dir string) (out, errOut *os.File, err error) {
	if err := makeSandbox(dir); err != nil {
		return nil, nil, err
	}
	if out, err = openLog(filepath.Join(dir, "stdout")); err != nil {
		return nil, nil, err
	}
	if errOut, err = openLog(filepath.Join(dir, "stderr")); err != nil {
		out.Close()
		return nil, nil, err
	}
	return out, errOut, nil
}

func openLog(path string) (*os.File, error) {
	const flags = os.O_CREATE | os.O_WRONLY | os.O_APPEND | syscall.O_CLOEXEC
	fd, err := syscall.Open(path, flags, 0o644)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// environment is what a task sees: the common part, the executor's variables
// and its own, the later winning (Mesos contract 4.2).
func (r *Runner) environment(container string, spec *mesossim.LaunchSpec, dir string) []string {
	address := ""
	if r.config.AgentAddress != nil {
		address = r.config.AgentAddress(spec.Agent)
	}
	checkpoint := "0"
	if spec.Checkpoint {
		checkpoint = "1"
	}
	host := address
	if i := strings.LastIndexByte(address, ':'); i >= 0 {
		host = address[:i]
	}
	own := []string{
		"LIBPROCESS_IP=" + host,
		"LIBPROCESS_PORT=0",
		"MESOS_AGENT_ENDPOINT=" + address,
		"MESOS_CHECKPOINT=" + checkpoint,
		"MESOS_CONTAINER_ID=" + container,
		"MESOS_DIRECTORY=" + dir,
		"MESOS_EXECUTOR_ID=" + spec.Task.TaskID.Value,
		"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD=5secs",
		"MESOS_FRAMEWORK_ID=" + spec.FrameworkID,
		"MESOS_HTTP_COMMAND_EXECUTOR=0",
		"MESOS_SANDBOX=" + dir,
		"MESOS_SLAVE_ID=" + spec.AgentID,
		"MESOS_SLAVE_PID=slave(1)@" + address,
		"PWD=" + dir,
	}
	if spec.Role != "" {
		own = append(own, "MESOS_ALLOCATION_ROLE="+spec.Role)
	}
	return mergeEnv(r.config.Env, own, variables(spec.Task.Command))
}

func variables(c *mesos.CommandInfo) []string {
	var out []string
	for _, v := range c.GetEnvironment().GetVariables() {
		value := v.GetValue()
		if v.Secret != nil && v.Secret.Value != nil {
			value = string(v.Secret.Value.Data)
		}
		out = append(out, v.Name+"="+value)
	}
	return out
}

// mergeEnv joins lists of NAME=value; a later value of a name replaces an
// earlier one in its place.
func mergeEnv(lists ...[]string) []string {
	var out []string
	at := map[string]int{}
	for _, list := range lists {
		for _, kv := range list {
			name, _, _ := strings.Cut(kv, "=")
			if strings.IndexByte(kv, 0) >= 0 {
				continue // cannot be passed to a process
			}
			if i, ok := at[name]; ok {
				out[i] = kv
				continue
			}
			at[name] = len(out)
			out = append(out, kv)
		}
	}
	return out
}

// lookPath finds a command as execvp does, with the task's own PATH.
func lookPath(name, dir string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	path := "/usr/local/bin:/usr/bin:/bin"
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, "PATH="); ok {
			path = v
		}
	}
	for _, d := range filepath.SplitList(path) {
		if !filepath.IsAbs(d) {
			d = filepath.Join(dir, d)
		}
		full := filepath.Join(d, name)
		if st, err := os.Stat(full); err == nil && !st.IsDir() && st.Mode()&0o111 != 0 {
			return full, nil
		}
	}
	return "", &os.PathError{Op: "execvp", Path: name, Err: syscall.ENOENT}
}
