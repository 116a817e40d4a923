package chronos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/store"
)

// ImportOptions say how a snapshot is imported into a store.
type ImportOptions struct {
	Apply     bool // else nothing is written: the plan tells what would be
	Overwrite bool
	Wait      time.Duration // for another leader to give way; 0: none is waited for
}

// ErrLed says that a hora leads on the store, so that it cannot be written to.
var ErrLed = errors.New("a hora leads there: stop it, or import into it by its URL")

// batchBytes is how much is written at once: well below what a commit takes.
const batchBytes = 256 << 10

// ImportInto imports a snapshot into a store that no hora leads on. Importing
// leads for as long as it takes. It may stop anywhere: done again, it goes on.
func ImportInto(ctx context.Context, s *store.Store, snap *Snapshot, o ImportOptions) (*Plan, error) {
	im := &Importer{Now: time.Now(), Overwrite: o.Overwrite}
	var b store.Batch
	flush := func() error { return nil }
	if o.Apply {
		term, err := campaign(ctx, s, o.Wait)
		if err != nil {
			return nil, err
		}
		defer term.Resign()
		flush = func() error {
			if b.Len() == 0 {
				return nil
			}
			err := s.Commit(ctx, term, &b)
			b = store.Batch{}
			return err
		}
		im.Write = func(changes []scheduler.Change) error {
			if err := b.Add(changes); err != nil {
				return err
			}
			if b.Bytes() < batchBytes && b.Len() < store.MaxCommitOps/4 {
				return nil
			}
			return flush()
		}
	}
	var err error
	if im.Records, err = s.Load(ctx); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	if im.State, err = scheduler.New(scheduler.DefaultConfig(), im.Records); err != nil {
		return nil, err
	}
	plan, err := im.Import(snap)
	if err != nil {
		return nil, err
	}
	return plan, flush()
}

// campaign wins the leadership, if nobody else has it.
func campaign(ctx context.Context, s *store.Store, wait time.Duration) (*store.Term, error) {
	if wait == 0 {
		wait = 15 * time.Second // a leader that has just died is still taken for one
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	other := ""
	term, err := s.Campaign(ctx, self, func(leader string) {
		if leader != self {
			other = leader
		}
	})
	if err != nil && ctx.Err() != nil && other != "" {
		return nil, fmt.Errorf("%w (%s)", ErrLed, other)
	}
	return term, err
}

// self is what importing calls itself where others ask who leads.
const self = "hora import"
