package pipeline

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/spec"
)

// maxLock is the most bytes that a lock may have.
const maxLock = 64 << 20

// flushEvery is how often, at most, locks are written while stages run: one is
// written whole, and a project may have thousands of short stages.
const flushEvery = time.Second

// books are the locks of a project: as they were last read, and as they are to
// be. Another process may write to the same files, so that writing changes only
// the entries that were changed here, and of these only what is still as it was
// read: who ran a stage later is right.
type books struct {
	root    *fsx.Root
	read    map[fsx.Path]*spec.Lock // by folder
	now     map[fsx.Path]*spec.Lock
	changed map[fsx.Path]map[string]bool // names in now that differ from read
	written time.Time
	wrote   map[string]bool      // locks, by path
	orphans map[object.ID]orphan // by key
}

// An orphan is an entry without a stage.
type orphan struct {
	dir   fsx.Path
	entry *spec.Entry
}

func newBooks(root *fsx.Root, locks map[fsx.Path]*spec.Lock) *books {
	b := &books{
		root: root, read: map[fsx.Path]*spec.Lock{}, now: map[fsx.Path]*spec.Lock{},
		changed: map[fsx.Path]map[string]bool{}, wrote: map[string]bool{},
	}
	for dir, l := range locks {
		b.read[dir], b.now[dir] = l, &spec.Lock{Entries: slices.Clone(l.Entries)}
	}
	return b
}

// get returns the entry of n as it is, nil if there is none.
func (b *books) get(n *node) *spec.Entry { return entryIn(b.now[n.dir], n.Name) }

func entryIn(l *spec.Lock, name string) *spec.Entry {
	if l == nil {
		return nil
	}
	return l.Get(name)
}

// entry returns the entry of n if it is the record of a run, else nil.
func (b *books) entry(n *node) *spec.Entry {
	if e := b.get(n); e != nil && e.Intact() {
		return e
	}
	return nil
}

// seekOrphans finds the entries without a stage, which may be those of stages
// that were renamed.
func (b *books) seekOrphans(g *graph) {
	b.orphans = map[object.ID]orphan{}
	for _, dir := range slices.Sorted(maps.Keys(b.now)) {
		for _, e := range b.now[dir].Entries {
			if g.stage(dir, e.Name) == nil && e.Intact() {
				b.orphans[e.Key()] = orphan{dir, e}
			}
		}
	}
}

// orphan returns an entry without a stage that has the key, nil if there is
// none.
func (b *books) orphan(key object.ID) *spec.Entry { return b.orphans[key].entry }

// put makes e the entry of its name in dir. It tells whether that changes
// anything.
func (b *books) put(dir fsx.Path, e *spec.Entry) bool {
	l := b.now[dir]
	if l == nil {
		l = &spec.Lock{}
		b.now[dir] = l
	}
	new(spec.Lock).Put(e) // its order and its sum
	if sameEntry(l.Get(e.Name), e) {
		return false
	}
	l.Put(e)
	b.change(dir, e.Name)
	return true
}

// adopted removes the orphan whose entry e became that of a stage.
func (b *books) adopted(e *spec.Entry) {
	key := e.Key()
	if o := b.orphans[key]; o.entry == e {
		delete(b.orphans, key)
		b.remove(o.dir, e.Name)
	}
}

func (b *books) remove(dir fsx.Path, name string) {
	b.now[dir].Remove(name)
	b.change(dir, name)
}

func (b *books) change(dir fsx.Path, name string) {
	if b.changed[dir] == nil {
		b.changed[dir] = map[string]bool{}
	}
	b.changed[dir][name] = true
}

// prune removes the entries without a stage.
func (b *books) prune(g *graph) {
	for dir, l := range b.now {
		for _, e := range slices.Clone(l.Entries) {
			if g.stage(dir, e.Name) == nil {
				b.remove(dir, e.Name)
			}
		}
	}
}

// sameEntry tells whether two entries, each of which may be nil, have the same
// text.
func sameEntry(a, b *spec.Entry) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Intact() && b.Intact() {
		return a.Name == b.Name && a.Sum == b.Sum
	}
	x, err := (&spec.Lock{Entries: []*spec.Entry{a}}).Format()
	if err != nil {
		return false
	}
	y, err := (&spec.Lock{Entries: []*spec.Entry{b}}).Format()
	return err == nil && bytes.Equal(x, y)
}

// load reads the lock of a folder anew and returns its bytes. What was changed
// here stays changed.
func (b *books) load(dir fsx.Path) ([]byte, error) {
	path := dir.Join(spec.LockName)
	text, err := b.root.ReadFile(path, maxLock)
	lock := &spec.Lock{}
	switch {
	case absent(err):
	case err != nil:
		return nil, err
	default:
		if lock, err = spec.ParseLock(string(path), text); err != nil {
			return nil, err
		}
	}
	old, was := b.now[dir], b.read[dir]
	b.read[dir], b.now[dir] = lock, &spec.Lock{Entries: slices.Clone(lock.Entries)}
	for name := range b.changed[dir] {
		if !sameEntry(entryIn(was, name), lock.Get(name)) {
			delete(b.changed[dir], name)
			continue
		}
		if e := old.Get(name); e != nil {
			b.now[dir].Put(e)
		} else {
			b.now[dir].Remove(name)
		}
	}
	return text, nil
}

// reload reads the lock of a folder anew, and tells whether the entry of the
// name is another one than before.
func (b *books) reload(dir fsx.Path, name string) (bool, error) {
	before := entryIn(b.now[dir], name)
	if _, err := b.load(dir); err != nil {
		return false, err
	}
	return !sameEntry(before, b.now[dir].Get(name)), nil
}

// due tells whether changed locks may be written again.
func (b *books) due(now time.Time) bool { return now.Sub(b.written) >= flushEvery }

// flush writes the locks that changed.
func (b *books) flush(ctx context.Context, now time.Time) error {
	for _, dir := range slices.Sorted(maps.Keys(b.changed)) {
		if err := b.write(ctx, dir); err != nil {
			return err
		}
		delete(b.changed, dir)
	}
	b.written = now
	return nil
}

// files returns the locks that were written.
func (b *books) files() []string { return slices.Sorted(maps.Keys(b.wrote)) }

// write brings the lock of a folder up to date.
func (b *books) write(ctx context.Context, dir fsx.Path) (err error) {
	path := dir.Join(spec.LockName)
	held, err := b.root.Lock(ctx, leaseDir.Join(fsx.Path(escape(string(path))+".write")), fsx.LockOptions{Wait: -1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.Unlock()) }()
	text, err := b.load(dir)
	if err != nil {
		return err
	}
	next, err := b.now[dir].Format()
	if err != nil || bytes.Equal(next, text) {
		return err
	}
	b.wrote[string(path)] = true
	return b.root.WriteFile(path, next, fsx.WriteOptions{})
}
