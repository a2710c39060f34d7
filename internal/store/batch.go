package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

// A Batch stores objects. Nothing that it was given is durable, or need be
// there, before Commit returned nil. It may be used by several goroutines;
// Commit and Discard by one, after the others are done.
//
// Small objects go into one pack. An error in writing it makes the Batch
// useless: what the system could not write must come from its source again,
// through another Batch. Errors about a single file concern that file alone.
type Batch struct {
	s *Store

	mu     sync.Mutex
	failed error                  // why the pack can't be finished
	pack   *packWriter            // nil: none yet
	seen   map[object.ID]struct{} // what is in pack

	claimed map[object.ID]bool // what is or will be a file
	group   group
	dirty   map[fsx.Path]bool // folders with new names

	noClone atomic.Bool   // the file system can't share blocks
	streams chan struct{} // as many as there may be large files at once
	bufs    sync.Pool     // of *[]byte, for files that are read whole
}

// NewBatch returns a Batch, which must be finished by Commit or Discard.
func (s *Store) NewBatch() *Batch {
	return &Batch{s: s, streams: make(chan struct{}, maxStreams)}
}

// Put stores content, whose hash is id; it keeps no reference to it. What the
// cache has already costs a look-up.
func (b *Batch) Put(ctx context.Context, id object.ID, content []byte) error {
	if len(content) == 0 {
		return nil
	}
	if b.s.opts.Loose || len(content) >= Loose {
		return b.putFile(ctx, id, content, nil, fsx.Stat{})
	}
	return b.putFrame(ctx, id, content)
}

// PutNode stores the text of a node of a tree; it is what an emit function of
// package object calls.
func (b *Batch) PutNode(ctx context.Context, id object.ID, text []byte) error {
	if b.s.opts.Loose {
		return b.putFile(ctx, id, text, nil, fsx.Stat{})
	}
	return b.putFrame(ctx, id, text)
}

func (b *Batch) putFrame(ctx context.Context, id object.ID, content []byte) error {
	there := false
	if !b.s.bad.has(id) {
		var err error
		if there, err = b.s.packs.has(id); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed != nil {
		return b.failed
	}
	if there {
		b.touch(packsDir) // who wrote it may not have synced it yet
		return nil
	}
	if _, ok := b.seen[id]; ok {
		return nil
	}
	if err := b.append(ctx, id, content); err != nil {
		b.fail(err)
		return err
	}
	return nil
}

// append writes a frame to the pack, to the next one where this one is full.
func (b *Batch) append(ctx context.Context, id object.ID, content []byte) error {
	if b.pack != nil && b.pack.full(len(content)) {
		if err := b.seal(); err != nil {
			return err
		}
	}
	if b.pack == nil {
		w, err := b.s.newPack(ctx)
		if err != nil {
			return err
		}
		b.pack, b.seen = w, map[object.ID]struct{}{}
	}
	b.seen[id] = struct{}{}
	return b.pack.add(id, content)
}

// check makes the Batch useless if the cache could not be written.
func (b *Batch) check(err error) error {
	if err != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.fail(err)
	}
	return err
}

// fail drops the pack in the making.
func (b *Batch) fail(err error) {
	b.failed = err
	if b.pack != nil {
		b.pack.temp.Discard()
		b.pack, b.seen = nil, nil
	}
}

// seal finishes the pack: its content is durable then, and its name after the
// folder is synced.
func (b *Batch) seal() error {
	if b.pack == nil {
		return nil
	}
	name, err := b.pack.finish()
	if err != nil {
		return err
	}
	for id := range b.seen {
		b.s.bad.remove(id)
	}
	b.pack, b.seen = nil, nil
	b.touch(packsDir)
	b.s.crowded.Store(true)
	return b.s.packs.add(name)
}

// touch notes that dir has a new name, for which it must be synced, and so
// must its parents: another process may have made them a moment ago.
func (b *Batch) touch(dir fsx.Path) {
	if b.dirty == nil {
		b.dirty = map[fsx.Path]bool{}
	}
	for !b.dirty[dir] {
		b.dirty[dir] = true
		dir = dir.Dir()
	}
}

// Commit makes everything durable. After an error nothing is promised of any
// object of the Batch, and what was given to it must be given to another.
func (b *Batch) Commit(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		err = b.commit()
	}
	if err != nil {
		b.Discard()
	}
	return err
}

func (b *Batch) commit() error {
	b.mu.Lock()
	err := b.failed
	if err == nil {
		err = b.seal()
	}
	g := b.group
	b.group = group{}
	b.mu.Unlock()
	if err != nil {
		g.discard()
		return err
	}
	if err := b.flush(g); err != nil {
		return err
	}
	for dir := range b.dirty {
		if err := b.s.cache.SyncDir(dir); err != nil {
			return err
		}
	}
	if len(b.dirty) == 0 || b.s.opts.Cache != "" {
		return nil
	}
	return b.s.opts.MLV.SyncDir("") // that has the name of the cache
}

// Discard drops what is not stored yet. After Commit it does nothing.
func (b *Batch) Discard() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail(errors.New("the batch was discarded"))
	b.group.discard()
}
