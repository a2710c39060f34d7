package store

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

const (
	// streamed is the size from which a file goes past the page cache and is
	// synced by itself; smaller ones are read into memory and synced together.
	streamed = 4 << 20
	// maxGroup is how many files are synced together: each is open till then.
	maxGroup = 128
	// maxStreams is how many large files are stored at once: one nearly keeps
	// the disk and the processors busy, and each has buffers.
	maxStreams = 2
)

// A group is files of the cache that are written but neither durable nor
// named yet.
type group struct {
	temps []*fsx.Temp
	ids   []object.ID
}

func (g *group) discard() {
	for _, t := range g.temps {
		t.Discard()
	}
	*g = group{}
}

// claim tells whether the caller is to store id as a file: it is neither in
// the cache nor given to the Batch before.
func (b *Batch) claim(id object.ID, size int64) (bool, error) {
	there := false
	if !b.s.bad.has(id) {
		st, err := b.s.cache.Stat(filePath(id))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
		there = err == nil && st.Size == size
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed != nil {
		return false, b.failed
	}
	if b.claimed[id] {
		return false, nil
	}
	if b.claimed == nil {
		b.claimed = map[object.ID]bool{}
	}
	b.claimed[id] = true
	if there {
		b.touch(filePath(id).Dir()) // who wrote it may not have synced it yet
	}
	return !there, nil
}

// putFile stores content as a file of its own. src, if not nil, is a file that
// has this content and the stat st; its blocks are shared where that works.
func (b *Batch) putFile(ctx context.Context, id object.ID, content []byte, src *os.File, st fsx.Stat) error {
	if todo, err := b.claim(id, int64(len(content))); !todo {
		return err
	}
	if src != nil && !b.noClone.Load() {
		temp, err := b.s.clone(ctx, src)
		if errors.Is(err, errors.ErrUnsupported) {
			b.noClone.Store(true)
		} else if err != nil {
			return b.check(err)
		} else if proves(temp, st) && unchanged(src, st) == nil {
			return b.check(b.gather(id, temp))
		} else {
			temp.Discard() // it may hold more than was read
		}
	}
	temp, err := b.s.createTemp(ctx, fsx.TempOptions{Perm: 0o444})
	if err == nil {
		if _, err = temp.Write(content); err != nil {
			temp.Discard()
		} else {
			err = b.gather(id, temp)
		}
	}
	return b.check(err)
}

// clone makes a file of the cache that shares the blocks of f.
func (s *Store) clone(ctx context.Context, f *os.File) (*fsx.Temp, error) {
	if err := s.mayWrite(ctx); err != nil {
		return nil, err
	}
	return s.cache.CloneTemp(tempDir, f, fsx.TempOptions{Perm: 0o444})
}

// proves tells whether a source's stat st, taken before temp was cloned from
// it, shows any change since. A source written in the very tick of the clock
// in which it was cloned might change again without showing it.
func proves(temp *fsx.Temp, st fsx.Stat) bool {
	now, err := temp.Stat()
	return err == nil && st.Mtime < now.Mtime
}

// gather adds a written file to the group, which is synced when it is full.
func (b *Batch) gather(id object.ID, temp *fsx.Temp) error {
	b.mu.Lock()
	b.group.temps = append(b.group.temps, temp)
	b.group.ids = append(b.group.ids, id)
	if len(b.group.temps) < maxGroup {
		b.mu.Unlock()
		return nil
	}
	g := b.group
	b.group = group{}
	b.mu.Unlock() // others go on meanwhile
	return b.flush(g)
}

// flush makes the files of g durable and gives them their names.
func (b *Batch) flush(g group) error {
	if len(g.temps) == 0 {
		return nil
	}
	defer g.discard() // what has its name is not concerned
	err := b.s.cache.SyncAll()
	synced := err == nil
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	for i, t := range g.temps {
		if err := b.name(t, g.ids[i], synced); err != nil {
			return err
		}
	}
	return nil
}

// name gives a file its name in the cache, having synced its content unless
// that is done.
func (b *Batch) name(temp *fsx.Temp, id object.ID, synced bool) error {
	path := filePath(id)
	if err := temp.Commit(path, fsx.CommitOptions{Fast: synced}); err != nil {
		return err
	}
	b.s.bad.remove(id)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.touch(path.Dir())
	return nil
}

// PutFile stores the content of the regular file f, whose stat was st before
// it was opened, and returns its ID. If the file changed since, the error is
// fsx.ErrChanged and the caller may begin again. likely is the ID that the
// file probably has, or zero: what the cache has is not copied to find out.
// A large file takes no memory beyond some buffers, and where the file system
// can share blocks it is not copied at all.
func (b *Batch) PutFile(ctx context.Context, f *os.File, st fsx.Stat, likely object.ID) (object.ID, error) {
	if st.Size < streamed {
		return b.putWhole(ctx, f, st)
	}
	select {
	case b.streams <- struct{}{}:
		defer func() { <-b.streams }()
		return b.putLarge(ctx, f, st, likely)
	case <-ctx.Done():
		return object.ID{}, ctx.Err()
	}
}

// putWhole reads the file into memory.
func (b *Batch) putWhole(ctx context.Context, f *os.File, st fsx.Stat) (object.ID, error) {
	buf, _ := b.bufs.Get().(*[]byte)
	if buf == nil {
		buf = new([]byte)
	}
	defer b.bufs.Put(buf)
	*buf = grown(*buf, int(st.Size))
	if err := readExactly(f, *buf); err != nil {
		return object.ID{}, err
	}
	if err := unchanged(f, st); err != nil {
		return object.ID{}, err
	}
	id := object.Sum(*buf)
	if len(*buf) >= Loose {
		return id, b.putFile(ctx, id, *buf, f, st)
	}
	return id, b.Put(ctx, id, *buf)
}

func readExactly(f io.ReaderAt, b []byte) error {
	n, err := f.ReadAt(b, 0)
	switch {
	case n == len(b):
		return nil
	case errors.Is(err, io.EOF):
		return fsx.ErrChanged
	}
	return err
}

// unchanged checks that f is as st says.
func unchanged(f *os.File, st fsx.Stat) error {
	now, err := fsx.StatFile(f)
	if err == nil && !now.Same(st) {
		err = fsx.ErrChanged
	}
	return err
}

// putLarge hashes the file and shares or copies it.
func (b *Batch) putLarge(ctx context.Context, f *os.File, st fsx.Stat, likely object.ID) (object.ID, error) {
	temp, err := b.s.clone(ctx, f)
	switch {
	case err == nil:
		defer temp.Discard()
		src := f // whose pages are more likely in memory
		if !proves(temp, st) {
			src = temp.File()
		}
		id, err := hashStill(ctx, src, f, st, b.s.opts.Jobs, nil)
		if err != nil {
			return object.ID{}, err
		}
		return id, b.keep(temp, id, st.Size)
	case !errors.Is(err, errors.ErrUnsupported):
		return object.ID{}, b.check(err)
	}
	if there, err := b.s.cache.Stat(filePath(likely)); err == nil && there.Size == st.Size {
		id, err := hashStill(ctx, f, f, st, b.s.opts.Jobs, nil)
		if err != nil {
			return object.ID{}, err
		}
		if id == likely && !b.s.bad.has(id) {
			_, err := b.claim(id, st.Size)
			return id, err
		}
	}
	return b.copyLarge(ctx, f, st)
}

// copyLarge copies the file and hashes it on the way, each block by whoever is
// free. A worker waits for the disk about as long as it computes.
func (b *Batch) copyLarge(ctx context.Context, f *os.File, st fsx.Stat) (object.ID, error) {
	temp, err := b.s.createTemp(ctx, fsx.TempOptions{Perm: 0o444, Size: st.Size, Direct: true})
	if err != nil {
		return object.ID{}, b.check(err)
	}
	defer temp.Discard()
	if err := temp.Grow(st.Size); err != nil {
		return object.ID{}, b.check(err)
	}
	id, err := hashStill(ctx, f, f, st, 2*b.s.opts.Jobs, func(off int64, p []byte) error {
		_, err := temp.WriteAt(p, off)
		return b.check(err)
	})
	if err != nil {
		return object.ID{}, err
	}
	return id, b.keep(temp, id, st.Size)
}

// keep gives a large file its name, unless the cache has one of it.
func (b *Batch) keep(temp *fsx.Temp, id object.ID, size int64) error {
	todo, err := b.claim(id, size)
	if !todo {
		return err
	}
	return b.check(b.name(temp, id, false))
}

// hashStill hashes src, showing each block to see, and fails with
// fsx.ErrChanged unless f is afterwards as st says.
func hashStill(ctx context.Context, src io.ReaderAt, f *os.File, st fsx.Stat, workers int, see func(int64, []byte) error) (object.ID, error) {
	id, err := object.HashAt(ctx, src, st.Size, workers, see)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fsx.ErrChanged
	}
	if err == nil {
		err = unchanged(f, st)
	}
	return id, err
}
