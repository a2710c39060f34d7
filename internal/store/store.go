// Package store owns .mlv: the cache, which holds content by its hash; the
// state, which remembers what was last seen in the working tree; the run
// records; and the locks.
//
// Content lies in the cache in one of two ways. From 64 KiB on it is a file of
// its own, files/ab/<hash>, that the working tree can link to. Below, and for
// the nodes of trees, it is a frame of a pack, packs/<name>.mlvc: one file for
// the thousands that a directory holds. Both get their names complete and
// durable or not at all, whatever ends the process.
//
// docs/format/cache.md, state.md and run-record.md are the law of the formats.
package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

// Loose is the size from which content is a file of its own in the cache.
const Loose = 64 << 10

// What lies in .mlv.
const (
	cacheDir fsx.Path = "cache"
	stateDir fsx.Path = "state"
	locksDir fsx.Path = "locks"
	runsDir  fsx.Path = "runs"
)

// What lies in the cache.
const (
	filesDir  fsx.Path = "files"
	packsDir  fsx.Path = "packs"
	tempDir   fsx.Path = "tmp"
	usersDir  fsx.Path = "users"
	cacheLock fsx.Path = "lock"
	packsLock fsx.Path = "packs/lock"
	tempLock  fsx.Path = "tmp/lock"
)

// Options say where a store lies and how it behaves.
type Options struct {
	MLV   *fsx.Root     // .mlv of the main worktree: cache and run records
	State *fsx.Root     // .mlv of this worktree: state and locks; nil: MLV
	Cache string        // folder of a cache that repositories share; empty: the folder cache in MLV
	User  string        // path of this repository, which a shared cache lists among its users
	Loose bool          // every content is a file of its own: no packs are written
	Jobs  int           // how many workers one operation may use; 0: 1
	Wait  time.Duration // how long to wait for a gc of the cache; 0: not at all, < 0: for ever
}

// A Store is an open .mlv. It may be used by several goroutines.
type Store struct {
	opts  Options
	state *fsx.Root
	cache *fsx.Root
	lock  *fsx.Lock // keeps gc out
	// readOnly is why nothing can be written to the cache; nil: it can.
	readOnly error
	packs    packSet
	bad      idSet       // objects without a good copy, as far as was seen
	crowded  atomic.Bool // there are packs that were not there at Open

	mu       sync.Mutex
	tempLock *fsx.Lock // keeps others from clearing tmp; nil: nothing was written yet
}

// Open opens the store and keeps gc out of its cache until Close; a command
// closes it after it wrote its pointers. It reads nothing yet. A cache that
// may not be written is opened for reading.
func Open(ctx context.Context, opts Options) (*Store, error) {
	s := &Store{opts: opts, state: opts.State}
	s.opts.Jobs = max(opts.Jobs, 1)
	if s.state == nil {
		s.state = opts.MLV
	}
	dir := opts.Cache
	if dir == "" {
		dir = filepath.Join(opts.MLV.Dir(), string(cacheDir))
	}
	var err error
	if s.cache, err = fsx.MakeRoot(dir); err != nil {
		return nil, err
	}
	s.packs.cache = s.cache
	s.lock, err = s.cache.Lock(ctx, cacheLock, fsx.LockOptions{Shared: true, Wait: opts.Wait})
	switch errs.KindOf(err) { //nolint:exhaustive // the others are failures
	case errs.Denied:
		s.readOnly, err = err, nil
	case errs.Locked:
		err = errs.New(errs.Locked, "pass --wait to wait for it", "cache %s: a gc is running", dir)
	}
	if err == nil && opts.Cache != "" && opts.User != "" && s.readOnly == nil {
		if err = s.enlist(opts.User); errs.KindOf(err) == errs.Denied {
			s.readOnly, err = err, nil
		}
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// enlist makes sure that the repository at path is listed among the users of
// a shared cache, whose pointers gc keeps.
func (s *Store) enlist(path string) error {
	name := usersDir.Join(hashName(path))
	if ok, err := s.cache.Exists(name); ok || err != nil {
		return err
	}
	return s.cache.WriteFile(name, []byte(path+"\n"), fsx.WriteOptions{Perm: 0o444})
}

// Close lets gc in again. Blobs, Readers and Batches of the store are invalid
// then; a State is not.
func (s *Store) Close() error {
	errs := []error{s.packs.close()}
	for _, l := range []*fsx.Lock{s.tempLock, s.lock} {
		if l != nil {
			errs = append(errs, l.Unlock())
		}
	}
	return errors.Join(append(errs, s.cache.Close())...)
}

// Lock takes the lock that stands for name: an output's path, or whatever else
// one process at a time may change. Who waits for it is told by name.
func (s *Store) Lock(ctx context.Context, name string, opt fsx.LockOptions) (*fsx.Lock, error) {
	l, err := s.state.Lock(ctx, locksDir.Join(hashName(name)), opt)
	if errs.KindOf(err) == errs.Locked {
		return nil, errs.At(errs.Locked, name, "pass --wait to wait for it", "another mlv process is at work on it")
	}
	return l, err
}

// Run returns the newest run record filed under key, nil if there is none.
// Its format is its reader's business.
func (s *Store) Run(key object.ID) ([]byte, error) {
	b, err := s.opts.MLV.ReadFile(runPath(key), maxRecord)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// PutRun files a run record under key in place of an older one; it is durable
// then.
func (s *Store) PutRun(key object.ID, record []byte) error {
	if len(record) > maxRecord {
		return fmt.Errorf("run record of %d bytes, more than %d", len(record), maxRecord)
	}
	return s.opts.MLV.WriteFile(runPath(key), record, fsx.WriteOptions{Perm: 0o644})
}

// maxRecord bounds a run record, as a lock file is bounded.
const maxRecord = 64 << 20

func runPath(key object.ID) fsx.Path { return shard(runsDir, key) }

// filePath is where content is a file of its own.
func filePath(id object.ID) fsx.Path { return shard(filesDir, id) }

// shard spreads names over 256 folders.
func shard(dir fsx.Path, id object.ID) fsx.Path {
	b := make([]byte, 0, len(dir)+1+3+64)
	b = append(append(b, dir...), '/')
	b = id.AppendTo(b)
	hex := string(b[len(dir)+1:])
	b = append(b[:len(dir)+1], hex[:2]...)
	b = append(append(b, '/'), hex...)
	return fsx.Path(b)
}

// statePath is where the state of an output lies.
func statePath(out fsx.Path) fsx.Path { return stateDir.Join(hashName(string(out))) }

// hashName returns a file name for any text: 32 hex digits of its BLAKE3.
func hashName(s string) fsx.Path {
	id := object.Sum([]byte(s))
	return fsx.Path(id.String()[:32])
}

// An idSet is a set of IDs that is nearly always empty.
type idSet struct {
	any atomic.Bool
	mu  sync.Mutex
	ids map[object.ID]bool
}

func (s *idSet) has(id object.ID) bool {
	if !s.any.Load() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ids[id]
}

func (s *idSet) add(id object.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ids == nil {
		s.ids = map[object.ID]bool{}
	}
	s.ids[id] = true
	s.any.Store(true)
}

func (s *idSet) remove(id object.ID) {
	if !s.any.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ids, id)
}
