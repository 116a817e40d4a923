package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"

	"github.com/hora-scheduler/hora/config"
)

// identityFile is the name of a file that remembers which store this machine has
// used, "" for none. It is a guard and no state: without it nothing is lost but
// that a process which is started anew tells a ZooKeeper that was wiped from a
// new one.
type identityFile string

func (f *identityFile) settings() []config.Setting {
	return []config.Setting{{
		Name: "zk_identity_file", Group: "ZooKeeper",
		Meaning: "file in which hora remembers which store it has used; with it, a process that is started anew refuses a ZooKeeper that was wiped. It is made if it is not there",
		Value:   config.Some((*string)(f), "the name of a file in a folder where hora may write"),
	}}
}

// identities are those that stores give themselves.
var identities = regexp.MustCompile(`^[a-z2-7]{26}\n$`)

// guard reads the file into the options, and has it written once the store is
// known if it is not there. Whether it can be is tried now.
func (f identityFile) guard(o *storeOptions, set *config.Set, log *slog.Logger) error {
	if f == "" {
		return nil
	}
	text, err := os.ReadFile(string(f))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		tried, err := os.CreateTemp(filepath.Dir(string(f)), filepath.Base(string(f))+".*.part")
		if err != nil {
			return usageError{fmt.Errorf("%w: %w", set.Fail("zk_identity_file", "the name of a file in a folder where hora may write"), err)}
		}
		_, _ = tried.Close(), os.Remove(tried.Name())
		o.seen = func(identity string) {
			if err := f.write(identity); err != nil {
				log.Error("which store this is can't be remembered: started anew, this process would take a ZooKeeper that was wiped for a new one", "error", err)
			}
		}
	case err != nil:
		return usageError{fmt.Errorf("%w: %w", set.Fail("zk_identity_file", "a file that can be read"), err)}
	case !identities.Match(text):
		return usageError{set.Fail("zk_identity_file", "a file that hora has written, or that is not there yet")}
	default:
		o.identity = string(text[:len(text)-1])
	}
	return nil
}

// write makes the file, whole or not at all.
func (f identityFile) write(identity string) error {
	part, err := os.CreateTemp(filepath.Dir(string(f)), filepath.Base(string(f))+".*.part")
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	_, err = part.WriteString(identity + "\n")
	if err := errors.Join(err, part.Sync(), part.Close()); err != nil {
		return err
	}
	return os.Rename(part.Name(), string(f))
}
