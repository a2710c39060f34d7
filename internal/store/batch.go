package store

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"sync"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
)

// maxFrames is how many frames a pack gets before the next one is begun: a
// bound on memory, which holds a footer three times over while it is made.
const maxFrames = 256 << 10

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
	failed error // why the pack can't be finished
	temp   *fsx.Temp
	frames pack.Builder
	seen   map[object.ID]struct{} // what is in temp
	merge  bool                   // there is a new pack

	claimed map[object.ID]bool // what is or will be a file
	group   group
	dirty   map[fsx.Path]bool // folders with new names

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
		return b.putFile(ctx, id, content)
	}
	return b.putFrame(ctx, id, content)
}

// PutNode stores the text of a node of a tree; it is what an emit function of
// package object calls.
func (b *Batch) PutNode(ctx context.Context, id object.ID, text []byte) error {
	if b.s.opts.Loose {
		return b.putFile(ctx, id, text)
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
	if b.frames.Len() == maxFrames || b.frames.SizeWith(len(content)) > pack.MaxPack {
		if err := b.seal(); err != nil {
			return err
		}
	}
	if b.temp == nil {
		temp, err := b.s.createTemp(ctx, fsx.TempOptions{Perm: 0o444, Direct: true})
		if err != nil {
			return err
		}
		b.temp, b.frames, b.seen = temp, pack.Builder{}, map[object.ID]struct{}{}
	}
	if _, err := b.frames.Add(id, len(content), len(content), pack.Raw); err != nil {
		return err
	}
	b.seen[id] = struct{}{}
	_, err := b.temp.Write(content)
	return err
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
	if b.temp != nil {
		b.temp.Discard()
		b.temp, b.seen = nil, nil
	}
}

// seal finishes the pack: its content is durable then, and its name after the
// folder is synced.
func (b *Batch) seal() error {
	if b.temp == nil {
		return nil
	}
	name, err := finishPack(b.temp, &b.frames)
	if err != nil {
		return err
	}
	for id := range b.seen {
		b.s.bad.remove(id)
	}
	b.temp, b.seen = nil, nil
	b.touch(packsDir)
	b.merge = true
	return b.s.packs.add(name)
}

// finishPack writes the end of a pack whose body is in temp and gives it its
// name. The name is the hash of the footer and the trailer, whose random nonce
// keeps it from ever coming back; hashing the body too would cost as much as
// hashing its blobs did.
func finishPack(temp *fsx.Temp, frames *pack.Builder) (string, error) {
	var nonce [8]byte
	_, _ = rand.Read(nonce[:]) // never fails
	end, err := frames.Finish(nil, binary.LittleEndian.Uint64(nonce[:]))
	if err == nil {
		_, err = temp.Write(end)
	}
	name := object.Sum(end).String() + packExt
	if err == nil {
		err = temp.Commit(packsDir.Join(fsx.Path(name)), fsx.CommitOptions{})
	}
	if err != nil {
		temp.Discard()
		return "", err
	}
	return name, nil
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
// object of the Batch, and what was given to it must be given to another. With
// enough packs of one size it merges them.
func (b *Batch) Commit(ctx context.Context) error {
	err := b.commit()
	if err != nil {
		b.Discard()
		return err
	}
	if b.merge {
		return b.s.mergePacks(ctx)
	}
	return nil
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

// createTemp begins a file of the cache. The first time it clears what killed
// processes left.
func (s *Store) createTemp(ctx context.Context, opt fsx.TempOptions) (*fsx.Temp, error) {
	if s.readOnly != nil {
		return nil, s.readOnly
	}
	if err := s.holdTemps(ctx); err != nil {
		return nil, err
	}
	return s.cache.CreateTemp(tempDir, opt)
}

// holdTemps takes the lock that every process has whose temporary files are in
// tmp. If no other has it, all files there were left by killed ones.
func (s *Store) holdTemps(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tempLock != nil {
		return nil
	}
	alone, err := s.cache.Lock(ctx, tempLock, fsx.LockOptions{})
	if err == nil {
		err = s.clearTemps()
		err = errors.Join(err, alone.Unlock())
	}
	if err != nil && errs.KindOf(err) != errs.Locked {
		return err
	}
	s.tempLock, err = s.cache.Lock(ctx, tempLock, fsx.LockOptions{Shared: true, Wait: -1})
	return err
}

func (s *Store) clearTemps() error {
	names, err := s.cache.ReadDir(tempDir)
	if err != nil {
		return err
	}
	for _, n := range names {
		if fsx.IsTemp(n.Name) {
			if err := s.cache.Remove(tempDir.Join(fsx.Path(n.Name))); err != nil {
				return err
			}
		}
	}
	return nil
}
