package store

import (
	"context"
	"errors"
	"io/fs"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
)

// crowd is how many packs of one class are merged.
const crowd = 8

// class returns the class of a pack by its size, -1 for one that is large
// enough to stay. Each class is so much larger than the one below that a byte
// is copied at most once per class.
func (p *packFile) class() int {
	if p.foot.Len() >= maxFrames/2 {
		return -1
	}
	for i, limit := range [...]int64{1 << 20, 8 << 20, 64 << 20, 512 << 20} {
		if p.size < limit {
			return i
		}
	}
	return -1
}

// sound tells whether the footer says what is in the pack, all of it, and in
// the one way that a merged pack can. Any other pack is left as it is.
func (p *packFile) sound() bool {
	foot, err := pack.ParseFooter(p.m.Bytes(), p.size)
	if err != nil {
		return false
	}
	for i := range foot.Len() {
		if foot.At(i).Codec != pack.Raw {
			return false
		}
	}
	return true
}

// Tidy merges packs where this store wrote some and there are many small ones.
// It is called when a command has done its work, and nothing else uses the
// store: no Reader and no Blob. Whatever ends it, nothing is lost. What
// another process is merging is left to it.
func (s *Store) Tidy(ctx context.Context) error {
	if !s.crowded.Swap(false) {
		return nil
	}
	if err := s.packs.close(); err != nil { // Windows deletes no open file
		return err
	}
	lock, err := s.cache.Lock(ctx, packsLock, fsx.LockOptions{})
	if errs.KindOf(err) == errs.Locked {
		return nil
	}
	if err != nil {
		return err
	}
	for again := true; again && err == nil; {
		again, err = s.mergeOnce(ctx)
	}
	return errors.Join(err, lock.Unlock())
}

// mergeOnce merges the packs of one class, if there is a crowd in any, and
// tells whether there may be another.
func (s *Store) mergeOnce(ctx context.Context) (bool, error) {
	var set packSet
	set.cache = s.cache
	packs, err := set.all()
	if err != nil {
		return false, errors.Join(err, set.close())
	}
	var classes [4][]*packFile
	for _, p := range packs {
		if c := p.class(); c >= 0 && p.sound() {
			classes[c] = append(classes[c], p)
		}
	}
	for _, group := range classes {
		if len(group) >= crowd {
			made, err := s.merge(ctx, group)
			if err = errors.Join(err, set.close()); err != nil {
				return false, err
			}
			return s.replace(group, made)
		}
	}
	return false, set.close()
}

// replace deletes old packs after the new ones are durable.
func (s *Store) replace(old []*packFile, made []string) (bool, error) {
	if err := s.cache.SyncDir(packsDir); err != nil {
		return false, err
	}
	kept := 0
	for _, p := range old {
		if err := s.remove(p.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			kept++ // another user's, or on Windows one that is being read
		}
	}
	if kept < len(old) {
		return kept == 0, nil
	}
	// The old packs alone are better than both, which would only grow.
	for _, name := range made {
		if err := s.remove(name); err != nil {
			return false, err
		}
	}
	return false, nil
}

func (s *Store) remove(name string) error { return s.cache.Remove(packsDir.Join(fsx.Path(name))) }

// merge writes what is in the packs of group into new ones, each object once,
// and returns their names. It checks every hash, so that of several copies a
// good one is kept; a bad one is kept only where there is no other.
func (s *Store) merge(ctx context.Context, group []*packFile) ([]string, error) {
	m := merger{s: s, group: group, reader: s.NewReader(), bad: map[object.ID]copyAt{}}
	err := m.run(ctx)
	if err != nil {
		if m.w != nil {
			m.w.temp.Discard()
		}
		return nil, err
	}
	return m.made, nil
}

type copyAt struct {
	pack  int
	frame pack.Frame
}

type merger struct {
	s      *Store
	group  []*packFile
	reader *Reader
	w      *packWriter // nil: none yet
	made   []string
	bad    map[object.ID]copyAt // damaged, and no good copy so far
}

func (m *merger) run(ctx context.Context) error {
	for i, p := range m.group {
		for _, f := range p.foot.Frames() {
			if err := m.take(ctx, i, f); err != nil {
				return err
			}
		}
	}
	for id, at := range m.bad {
		b, err := m.read(at.pack, at.frame)
		if err == nil {
			err = m.add(ctx, id, b)
		}
		if err != nil {
			return err
		}
	}
	return m.seal()
}

// take adds a frame of pack i, unless an earlier pack had a good copy.
func (m *merger) take(ctx context.Context, i int, f pack.Frame) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, wanted := m.bad[f.Hash]
	if !wanted && m.before(i, f.Hash) {
		return nil
	}
	b, err := m.read(i, f)
	if err != nil {
		return err
	}
	if m.reader.hasher.Sum(b) != f.Hash {
		m.bad[f.Hash] = copyAt{i, f}
		return nil
	}
	delete(m.bad, f.Hash)
	return m.add(ctx, f.Hash, b)
}

func (m *merger) before(i int, id object.ID) bool {
	for _, p := range m.group[:i] {
		if _, ok := p.foot.Find(id); ok {
			return true
		}
	}
	return false
}

func (m *merger) read(i int, f pack.Frame) ([]byte, error) {
	return m.reader.run(m.group[i], Spot{int32(i), f.Offset, int64(f.Stored)})
}

func (m *merger) add(ctx context.Context, id object.ID, b []byte) (err error) {
	if m.w != nil && m.w.full(len(b)) {
		if err := m.seal(); err != nil {
			return err
		}
	}
	if m.w == nil {
		if m.w, err = m.s.newPack(ctx); err != nil {
			return err
		}
	}
	return m.w.add(id, b)
}

func (m *merger) seal() error {
	if m.w == nil {
		return nil
	}
	name, err := m.w.finish()
	if err != nil {
		return err
	}
	m.w, m.made = nil, append(m.made, name)
	return nil
}
