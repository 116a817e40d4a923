package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/submit"
	"github.com/hora-scheduler/hora/submit/jobfile"
)

// markFile holds the name under which a folder's jobs are marked on the server.
const markFile = ".hora-folder"

var markName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$`)

const folderLong = `

The folder is the truth: what is in its job files is made or changed, field by
field. Jobs are marked as of this folder if it has a name: in its file
.hora-folder, or by --as. With --prune, jobs that are marked so and are in no file
any more are deleted; others never are. A job that is paused on the server
stays paused unless its file says "disabled: false".`

// folderFlags are those of plan and apply.
type folderFlags struct {
	files
	planFlags
	as           string
	prune, adopt bool
}

func (o *folderFlags) flags(c *cobra.Command) {
	o.files.flags(c)
	o.planFlags.flags(c)
	c.Flags().StringVar(&o.as, "as", "", "name under which the folder's jobs are marked (default: what its file .hora-folder says)")
	c.Flags().BoolVar(&o.prune, "prune", false, "delete jobs that are marked as of this folder and are in none of its files")
	c.Flags().BoolVar(&o.adopt, "adopt", false, "take over jobs that are marked as of another folder")
}

func planCommand() *cobra.Command {
	var o folderFlags
	var check bool
	c := &cobra.Command{
		Use:     "plan [flags] DIR",
		Short:   "Say what apply would do to make a server's jobs those of a folder",
		Long:    "Say what apply would do to make a server's jobs those of a folder, and do nothing." + folderLong + "\n\nExit codes: 0 · 1 the server could not be asked · 2 the files or flags are wrong ·\n3 with --check: there is something to do.",
		Example: "  hora plan jobs\n  hora plan --prune --check jobs",
		Args:    arguments(cobra.ExactArgs(1)),
	}
	connect := connectionFlags(c)
	o.flags(c)
	c.Flags().BoolVar(&check, "check", false, "exit with 3 if there is something to do")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		s := &submission{cmd: cmd, planFlags: o.planFlags, now: time.Now()}
		plan, err := o.plan(cmd.Context(), s, connect, args[0])
		if err != nil {
			return err
		}
		s.show(plan)
		if check && !plan.Empty() {
			return codeError{errors.New("the server's jobs are not those of the folder"), exitDiffers}
		}
		return nil
	}
	return c
}

// exitDiffers is what a check that finds something exits with.
const exitDiffers = 3

func applyCommand() *cobra.Command {
	var o folderFlags
	var yes bool
	var parallel int
	c := &cobra.Command{
		Use:     "apply [flags] DIR",
		Short:   "Make a server's jobs those of a folder",
		Long:    "Make a server's jobs those of a folder: the plan is shown first, and asked about." + folderLong + "\n\nIt stops at the first job that somebody else has changed since the plan was made.\n\nExit codes: 0 · 1 the server could not be asked · 2 the files or flags are wrong,\nnothing was done · 4 some jobs were refused · 6 stopped at a conflict.",
		Example: "  hora apply jobs\n  hora apply --as team-etl --prune --yes jobs",
		Args:    arguments(cobra.ExactArgs(1)),
	}
	connect := connectionFlags(c)
	o.flags(c)
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	c.Flags().IntVar(&parallel, "parallel", 0, fmt.Sprintf("requests at once (default %d; 4 for a Chronos)", submit.Parallel))
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if parallel < 0 || parallel > 256 {
			return badFlag("parallel", parallel, "a number from 1 to 256")
		}
		s := &submission{cmd: cmd, planFlags: o.planFlags, parallel: parallel, now: time.Now()}
		plan, err := o.plan(cmd.Context(), s, connect, args[0])
		if err != nil {
			return err
		}
		s.show(plan)
		if plan.Empty() {
			return nil
		}
		if !yes {
			if err := confirm(cmd, "Do it?"); err != nil {
				return err
			}
		}
		return s.outcome(s.apply(cmd.Context(), plan, true), nil)
	}
	return c
}

// plan compares a folder with the server.
func (o *folderFlags) plan(ctx context.Context, s *submission, connect *connection, dir string) (*submit.Plan, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, usageError{fmt.Errorf("%s is not a folder", dir)}
	}
	name, err := o.name(dir)
	if err != nil {
		return nil, err
	}
	if o.prune && name == "" {
		return nil, usageError{fmt.Errorf("--prune needs to know which jobs are of this folder: give it a name in %s, or with --as", filepath.Join(dir, markFile))}
	}
	l, err := o.loader()
	if err != nil {
		return nil, err
	}
	jobs, err := l.Load(dir)
	if err != nil {
		return nil, usageError{err}
	}
	if err := s.connect(ctx, connect); err != nil {
		return nil, err
	}
	if o.prune && s.server.Release() != api.Hora {
		return nil, usageError{errors.New("--prune: a Chronos keeps no mark of the folder that a job is of")}
	}
	return s.compare(ctx, jobs, submit.Options{Folder: name, Prune: o.prune, Adopt: o.adopt})
}

// name is under what the folder's jobs are marked, "" if they are not.
func (o *folderFlags) name(dir string) (string, error) {
	name, from := o.as, "--as"
	if name == "" {
		from = filepath.Join(dir, markFile)
		text, err := os.ReadFile(from)
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil
		}
		if err != nil {
			return "", usageError{err}
		}
		name = strings.TrimSpace(string(text))
	}
	if !markName.MatchString(name) {
		return "", usageError{fmt.Errorf("%s: %.120q is not a name, want up to 100 letters, digits and any of . _ / -", from, name)}
	}
	return name, nil
}

func exportCommand() *cobra.Command {
	var as string
	var force bool
	c := &cobra.Command{
		Use:   "export [flags] DIR",
		Short: "Write the jobs of a server into a folder of job files",
		Long: `Write the jobs of a server into a folder of job files, one YAML file for each job.
Fields are left out that say what the server makes of a job that does not say
it. Files that are there already and differ are not replaced without --force.`,
		Example: "  hora export jobs\n  hora export --server http://chronos.example.com:4400 --as team-etl jobs",
		Args:    arguments(cobra.ExactArgs(1)),
	}
	connect := connectionFlags(c)
	c.AddCommand(exportChronosCommand())
	c.Flags().StringVar(&as, "as", "", "write only jobs that are marked as of this folder, and name the folder so")
	c.Flags().BoolVar(&force, "force", false, "replace files that differ")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if as != "" && !markName.MatchString(as) {
			return badFlag("as", as, "up to 100 letters, digits and any of . _ / -")
		}
		server, client, _, err := connect.connect(cmd.Context())
		if err != nil {
			return err
		}
		known, err := server.Jobs(cmd.Context())
		if err != nil {
			return err
		}
		defaults := known.Defaults
		if server.Release() != api.Hora { // a Chronos does not tell its own; these are those it comes with
			defaults = jobfile.Defaults{CPUs: .1, Mem: 128, Disk: 256, User: "root"}
		}
		files := make(map[string][]byte)
		for _, name := range slices.Sorted(maps.Keys(known.Jobs)) {
			r := known.Jobs[name]
			if as != "" && r.Job.ManagedBy != as {
				continue
			}
			if r.Err != nil {
				return fmt.Errorf("job %q: %w", name, r.Err)
			}
			if err := r.Job.CheckHidden(); err != nil {
				return fmt.Errorf("job %q: %w; to export it one needs to be allowed to write it", name, err)
			}
			if files[fileName(name)], err = jobfile.Encode(r.Job, defaults); err != nil {
				return fmt.Errorf("job %q: %w", name, err)
			}
		}
		jobs := len(files)
		if as != "" {
			files[markFile] = []byte(as + "\n")
		}
		written, err := writeFiles(args[0], files, force)
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s: %d jobs, %d files written to %s\n", client.Server(), jobs, written, args[0])
		return nil
	}
	return c
}

// fileName is the file of a job: its name, with what files can't have as %XX.
func fileName(job string) string {
	var b strings.Builder
	for i := range len(job) {
		c := job[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-', c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String() + ".yaml"
}

// writeFiles writes files into a folder, whole or not at all each, and none if
// one that is there differs. It counts those that were written.
func writeFiles(dir string, files map[string][]byte, force bool) (int, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	var todo []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, name)
		old, err := os.ReadFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			todo = append(todo, name)
		case err != nil:
			return 0, err
		case bytes.Equal(old, files[name]):
		case !force:
			return 0, usageError{fmt.Errorf("%s is there already and differs: --force replaces it. Nothing was written", path)}
		default:
			todo = append(todo, name)
		}
	}
	for n, name := range todo {
		if err := replaceFile(filepath.Join(dir, name), files[name]); err != nil {
			return n, err
		}
	}
	return len(todo), nil
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".hora-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Chmod(mode), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
