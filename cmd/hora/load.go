package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"time"
)

// loadFiles posts the jobs of the files, parents before their children.
func loadFiles(ctx context.Context, base string, files []string, stdout io.Writer) error {
	var all []fileJob
	for _, name := range files {
		jobs, err := readJobs(name)
		if err != nil {
			return err
		}
		all = append(all, jobs...)
	}
	for _, j := range parentsFirst(all) {
		if err := j.post(ctx, base); err != nil {
			return err
		}
	}
	if len(all) > 0 {
		fmt.Fprintf(stdout, "jobs          %d from %d files\n", len(all), len(files))
	}
	return nil
}

// fileJob is a job as it stands in a file.
type fileJob struct {
	file    string
	name    string
	parents []string
	path    string
	body    json.RawMessage
}

// readJobs reads a file that holds one job or a list of them.
func readJobs(name string) ([]fileJob, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, usageError{err}
	}
	var list []json.RawMessage
	if text = bytes.TrimSpace(text); len(text) > 0 && text[0] == '[' {
		err = json.Unmarshal(text, &list)
	} else {
		list = []json.RawMessage{text}
	}
	var out []fileJob
	for _, body := range list {
		var j struct {
			Name    string
			Parents []string
			Trigger string
		}
		if err = json.Unmarshal(body, &j); err != nil {
			break
		}
		f := fileJob{file: name, name: j.Name, parents: j.Parents, path: "/v1/scheduler/iso8601", body: body}
		if len(j.Parents) > 0 || j.Trigger != "" {
			f.path = "/v1/scheduler/dependency"
		}
		out = append(out, f)
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("%s: not a job or a list of jobs in JSON: %w", name, err)}
	}
	return out, nil
}

// parentsFirst orders jobs so that a parent in the list comes before its children.
func parentsFirst(jobs []fileJob) []fileJob {
	var out []fileJob
	var add func(j fileJob, depth int)
	add = func(j fileJob, depth int) {
		if depth > len(jobs) || slices.ContainsFunc(out, func(o fileJob) bool { return o.name == j.name && o.file == j.file }) {
			return // a cycle: the server says so
		}
		for _, p := range j.parents {
			if i := slices.IndexFunc(jobs, func(o fileJob) bool { return o.name == p }); i >= 0 {
				add(jobs[i], depth+1)
			}
		}
		out = append(out, j)
	}
	for _, j := range jobs {
		add(j, 0)
	}
	return out
}

func (j fileJob) post(ctx context.Context, base string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+j.path, bytes.NewReader(j.body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("%s: job %q: %w", j.file, j.name, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode < 300 {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	var body struct{ Message string }
	if json.Unmarshal(text, &body) == nil && body.Message != "" {
		text = []byte(body.Message)
	}
	return usageError{fmt.Errorf("%s: job %q: %s", j.file, j.name, bytes.TrimSpace(text))}
}
