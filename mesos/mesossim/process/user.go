package process

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// ErrUser says that a task asks for a user that it cannot get.
var ErrUser = errors.New("user not available")

// userTable looks users up and remembers them for a while.
type userTable struct {
	mu    sync.Mutex
	known map[string]userEntry
	uid   int
}

type userEntry struct {
	cred *syscall.Credential // nil: the user that runs us
	err  error
	at   time.Time
}

// userAge is how long an entry is good for; users come and go rarely.
const userAge = 10 * time.Second

func newUserTable() *userTable {
	return &userTable{known: map[string]userEntry{}, uid: os.Getuid()}
}

// credential finds a user's ids and supplementary groups. Nil means no change
// of user: name is empty or our own.
func (t *userTable) credential(name string) (*syscall.Credential, error) {
	if name == "" {
		return nil, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.known[name]
	if !ok || time.Since(e.at) > userAge {
		cred, err := t.lookup(name)
		e = userEntry{cred, err, time.Now()}
		t.known[name] = e
	}
	return e.cred, e.err
}

func (t *userTable) lookup(name string) (*syscall.Credential, error) {
	u, err := user.Lookup(name)
	if err != nil {
		//lint:ignore ST1005 the words of the real agent
		return nil, fmt.Errorf("Failed to get user information for '%s': %w", name, err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user '%s' has uid %q: %w", name, u.Uid, ErrUser)
	}
	if int(uid) == t.uid {
		return nil, nil
	}
	if t.uid != 0 {
		return nil, fmt.Errorf("only root can run tasks as another user, this program runs as uid %d: %w", t.uid, ErrUser)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user '%s' has gid %q: %w", name, u.Gid, ErrUser)
	}
	ids, err := u.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("groups of user '%s': %w", name, err)
	}
	cred := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	for _, id := range ids {
		g, err := strconv.ParseUint(id, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("user '%s' has group %q: %w", name, id, ErrUser)
		}
		cred.Groups = append(cred.Groups, uint32(g))
	}
	return cred, nil
}
