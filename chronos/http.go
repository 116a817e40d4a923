package chronos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/job"
)

// Server is a Chronos, or a hora, that is talked to by HTTP.
type Server struct {
	base *url.URL
	root string // /scheduler or /v1/scheduler; found out by Fetch
}

// roots are where the REST paths of the releases begin.
var roots = map[api.Release]string{api.Chronos24: "/scheduler", api.Chronos30: "/v1/scheduler"}

var client = &http.Client{Timeout: 2 * time.Minute}

// maxList bounds the list of jobs.
const maxList = 512 << 20

// NewServer returns the server at that URL: http://[user:password@]host[:port][/path].
func NewServer(text string) (*Server, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("want http://host:port")
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	return &Server{base: u}, nil
}

// do asks one path. The error shows no credentials.
func (s *Server) do(ctx context.Context, method, path string, body string) (int, []byte, error) {
	target := *s.base
	target.User, target.Path = nil, s.base.Path+path
	req, err := http.NewRequestWithContext(ctx, method, target.String(), strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if u := s.base.User; u != nil {
		password, _ := u.Password()
		req.SetBasicAuth(u.Username(), password)
	}
	req.Header.Set("Accept", "application/json")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxList))
	return resp.StatusCode, answer, err
}

// Fetch reads the jobs that the server shows, in the form of the release that
// it is. A hora shows them in both; then that of 2.4 says more.
func (s *Server) Fetch(ctx context.Context, d api.Defaults) (*Snapshot, []byte, error) {
	for _, r := range []api.Release{api.Chronos24, api.Chronos30} {
		code, body, err := s.do(ctx, http.MethodGet, roots[r]+"/jobs", "")
		switch {
		case err != nil:
			return nil, nil, err
		case code == http.StatusUnauthorized:
			return nil, nil, fmt.Errorf("%s wants credentials: http://user:password@%s", s.base.Host, s.base.Host)
		case code == http.StatusNotFound:
			continue
		case code != http.StatusOK:
			return nil, nil, fmt.Errorf("GET %s/jobs at %s: %d %s", roots[r], s.base.Host, code, http.StatusText(code))
		}
		s.root = roots[r]
		snap, err := ReadList(body, d)
		return snap, body, err
	}
	return nil, nil, fmt.Errorf("%s knows neither /scheduler/jobs nor /v1/scheduler/jobs: want a Chronos 2.4 or 3.0, or a hora", s.base.Host)
}

// ImportTo posts the jobs of a snapshot to a running hora. What it cannot say
// by HTTP – promised slots, the framework id – stays behind, and the plan says so.
func (s *Server) ImportTo(ctx context.Context, snap *Snapshot, d api.Defaults, o ImportOptions) (*Plan, error) {
	there, _, err := s.Fetch(ctx, d)
	if err != nil {
		return nil, err
	}
	have := make(map[string]*Job, len(there.Jobs))
	known := make(map[string]bool, len(there.Jobs))
	for i := range there.Jobs {
		have[there.Jobs[i].Name], known[there.Jobs[i].Name] = &there.Jobs[i], true
	}
	plan := &Plan{Skipped: snap.Skipped, Leader: snap.Leader, Framework: "is not taken over by HTTP: tasks that run go on, and hora will not know them"}
	ready, refused := order(snap.Jobs, known)
	verdicts := make(map[string]Item, len(snap.Jobs))
	for name, why := range refused {
		verdicts[name] = Item{Verdict: Refused, Reason: why}
	}
	for _, j := range ready {
		it := Item{Verdict: New}
		switch old := have[j.Name]; {
		case old == nil:
		case old.Job != nil && len(job.Compare(old.Job, j.Job)) == 0:
			it.Verdict = Same
		case o.Overwrite:
			it.Verdict = Changed
		default:
			it.Verdict, it.Reason = Kept, "hora has it otherwise"
		}
		if o.Apply && (it.Verdict == New || it.Verdict == Changed) {
			if err := s.post(ctx, j); err != nil {
				if ctx.Err() != nil {
					return nil, err
				}
				it.Verdict, it.Reason = Refused, err.Error()
			}
		}
		verdicts[j.Name] = it
	}
	for i := range snap.Jobs {
		j := &snap.Jobs[i]
		it := verdicts[j.Name]
		it.Name, it.Notes, it.Promises = j.Name, j.Notes, len(j.Promises)
		if j.Err != nil {
			it.Verdict, it.Reason = Refused, j.Err.Error()
		}
		plan.Items = append(plan.Items, it)
	}
	return plan, nil
}

// post makes a job as its release would be asked to.
func (s *Server) post(ctx context.Context, j *Job) error {
	path := "/iso8601"
	if len(j.Job.Parents) > 0 || j.Job.Schedule == "" {
		path = "/dependency"
	}
	code, body, err := s.do(ctx, http.MethodPost, roots[j.Release]+path, string(j.Value))
	if err != nil {
		return err
	}
	if code/100 != 2 {
		return fmt.Errorf("%d: %.300s", code, strings.TrimSpace(string(body)))
	}
	return nil
}
