package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hora-scheduler/hora/config"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/bolt"
)

// backupOptions are the settings of hora backup and hora restore.
type backupOptions struct {
	store   storeOptions
	dataDir string
	force   bool
}

func (o *backupOptions) set(restores bool) *config.Set {
	s := config.New(prefix, o.store.settings()...)
	s.Share(new(serveOptions).set()) // --config may name the file of hora serve
	s.Add(config.Setting{Name: "data_dir", Group: "Embedded store", Meaning: "folder of a hora dev that does not run, instead of ZooKeeper", Value: config.Some(&o.dataDir, "a folder")})
	if restores {
		s.Add(config.Setting{Name: "force", Group: "Restore", Default: "false", Meaning: "replace what is stored there now", Value: config.Bool(&o.force)})
	}
	return s
}

// open opens the store that is meant, and says which that is.
func (o *backupOptions) open(set *config.Set, stderr io.Writer) (b store.Backend, where string, err error) {
	if o.dataDir == "" {
		log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
		b, err := o.store.open(set, log)
		return b, o.store.hosts + o.store.path, err
	}
	if _, there := set.Given("zk_hosts"); there {
		return nil, "", usageError{set.Fail("data_dir", "--data_dir or --zk_hosts, not both")}
	}
	b, err = bolt.Open(o.dataDir)
	return b, o.dataDir, err
}

// storePatience is how long ZooKeeper may take.
const storePatience = 2 * time.Minute

func storeCommand(use, short, long string, restores bool, do func(ctx context.Context, o *backupOptions, set *config.Set, cmd *cobra.Command, file string) error) *cobra.Command {
	var o backupOptions
	set := o.set(restores)
	c := &cobra.Command{
		Use: use, Short: short, Long: long, Args: arguments(cobra.ExactArgs(1)), Example: example(use),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := set.Load(os.Environ()); err != nil {
				return usageError{err}
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), storePatience)
			defer cancel()
			return do(ctx, &o, set, cmd, args[0])
		},
	}
	set.Flags(c.Flags())
	c.Flags().SortFlags = false
	return c
}

// example shows the command with both stores.
func example(use string) string {
	name, _, _ := strings.Cut(use, " ")
	return fmt.Sprintf("  hora %[1]s --data_dir /var/lib/hora /backup/hora.backup\n  hora %[1]s --zk_hosts zk1:2181,zk2:2181 --zk_path /hora /backup/hora.backup", name)
}

func backupCommand() *cobra.Command {
	return storeCommand("backup [flags] FILE", "Write all that is stored into a file",
		`Write all records of a store into a file with a checksum: jobs, what is running,
history, replaced definitions and the audit log. Processes that use the store may
go on meanwhile. Each record is read before it is written, so that a file that
was made can be restored. An existing FILE is replaced once the new one is whole.`, false, runBackup)
}

func runBackup(ctx context.Context, o *backupOptions, set *config.Set, cmd *cobra.Command, file string) error {
	b, where, err := o.open(set, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer b.Close()
	out, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*.part") // readable by us alone: jobs hold secrets
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", file, err)}
	}
	defer os.Remove(out.Name())
	defer out.Close()
	n, err := store.Backup(ctx, b, out, time.Now())
	switch {
	case err != nil:
		return fmt.Errorf("backup of %s: %w", where, err)
	case n == 0:
		return fmt.Errorf("there is nothing to back up at %s", where)
	}
	if err := errors.Join(out.Sync(), out.Close(), os.Rename(out.Name(), file)); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%d records of %s are in %s\n", n, where, file)
	return nil
}

func restoreCommand() *cobra.Command {
	return storeCommand("restore [flags] FILE", "Write a backup into an empty store",
		`Write the records of a backup into a store. All of the file is checked first. The
store must be empty, or --force given: then all that it holds is replaced. No
process may lead meanwhile: stop all hora serve first. What ran since the backup
was made is not known to it: slots since then count as missed, and catchUp decides.`, true, runRestore)
}

func runRestore(ctx context.Context, o *backupOptions, set *config.Set, cmd *cobra.Command, file string) error {
	in, err := os.Open(file)
	if err != nil {
		return usageError{err}
	}
	defer in.Close()
	b, where, err := o.open(set, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer b.Close()
	term, err := alone(ctx, b)
	if err != nil {
		return fmt.Errorf("restore to %s: %w", where, err)
	}
	defer term.Resign()
	n, err := store.Restore(ctx, b, term, in, o.force)
	switch {
	case errors.Is(err, store.ErrBackup):
		return usageError{fmt.Errorf("%s: %w", file, err)}
	case errors.Is(err, store.ErrNotEmpty):
		return usageError{fmt.Errorf("%s: %w: --force replaces what is there", where, err)}
	case err != nil:
		return fmt.Errorf("restore to %s: %w", where, err)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%d records of %s are in %s\n", n, file, where)
	return nil
}

// alone begins a term, unless another process leads.
func alone(ctx context.Context, b store.Backend) (*store.Term, error) {
	const self = "hora restore"
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	term, err := b.Campaign(ctx, self, func(leader string) {
		if leader != "" && leader != self {
			cancel(fmt.Errorf("%s leads: stop all hora serve first", leader))
		}
	})
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return nil, cause
	}
	return term, err
}
