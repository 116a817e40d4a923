package process

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// seconds is a setting of a health check with its default (Mesos contract 4.5).
func seconds(v *float64, def float64) time.Duration {
	if v != nil {
		def = *v
	}
	return time.Duration(max(def, 0) * float64(time.Second))
}

// checkHealth checks a task again and again until ctx ends, and reports each
// result. What follows from it is the model's to say.
func (r *Runner) checkHealth(ctx context.Context, j job) {
	h := j.spec.Task.HealthCheck
	wait, timeout := seconds(h.DelaySeconds, 15), seconds(h.TimeoutSeconds, 20)
	for {
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
		within, cancel := context.WithTimeout(ctx, timeout)
		healthy := r.healthy(within, h, &j)
		cancel()
		if ctx.Err() != nil {
			return
		}
		r.reporter.Checked(j.task.container, healthy)
		wait = seconds(h.IntervalSeconds, 10)
	}
}

// healthy makes one check.
func (r *Runner) healthy(ctx context.Context, h *mesos.HealthCheck, j *job) bool {
	switch {
	case h.Command != nil:
		return r.checkCommand(ctx, h.Command, j)
	case h.HTTP != nil:
		return checkHTTP(ctx, h.HTTP)
	case h.TCP != nil:
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(h.TCP.Port))))
		if err == nil {
			conn.Close()
		}
		return err == nil
	}
	return true
}

// checkCommand runs a command as the task's user in its sandbox; healthy is status 0.
func (r *Runner) checkCommand(ctx context.Context, c *mesos.CommandInfo, j *job) bool {
	cred, err := r.users.credential(j.spec.User)
	if err != nil {
		return false
	}
	argv := []string{"/bin/sh", "-c", c.GetValue()}
	if c.Shell != nil && !*c.Shell {
		argv = append([]string{c.GetValue()}, c.Arguments[min(1, len(c.Arguments)):]...)
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = j.dir
	cmd.Env = mergeEnv(r.environment(j.task.container, j.spec, j.dir), variables(c))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: cred}
	cmd.Cancel = func() error {
		signalGroup(cmd.Process.Pid, syscall.SIGKILL)
		return nil
	}
	return cmd.Run() == nil
}

// checkHTTP asks for a page; healthy is a status from 200 to 399, or one of those given.
func checkHTTP(ctx context.Context, h *mesos.HealthCheck_HTTPCheckInfo) bool {
	scheme := "http"
	if h.Scheme != nil {
		scheme = *h.Scheme
	}
	url := scheme + "://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(int(h.Port))) + h.GetPath()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // as the real one: curl -k
	}}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	for _, s := range h.Statuses {
		if int(s) == resp.StatusCode {
			return true
		}
	}
	return len(h.Statuses) == 0 && resp.StatusCode >= 200 && resp.StatusCode < 400
}
