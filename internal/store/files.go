package store

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

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

// putFile stores content as a file of its own.
func (b *Batch) putFile(ctx context.Context, id object.ID, content []byte) error {
	if todo, err := b.claim(id, int64(len(content))); !todo {
		return err
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
// file probably still has, or zero: what the cache has is not copied to find
// out. A large file takes no memory beyond some buffers, and where the file
// system can share blocks it is not copied either.
func (b *Batch) PutFile(ctx context.Context, f *os.File, st fsx.Stat, likely object.ID) (object.ID, error) {
	if st.Size < streamed {
		return b.putSmall(ctx, f, st)
	}
	return b.putLarge(ctx, f, st, likely)
}

func (b *Batch) putSmall(ctx context.Context, f *os.File, st fsx.Stat) (object.ID, error) {
	buf, _ := b.bufs.Get().(*[]byte)
	if buf == nil {
		buf = new([]byte)
	}
	defer b.bufs.Put(buf)
	*buf = slices.Grow((*buf)[:0], int(st.Size)+1)
	n, err := io.ReadFull(f, (*buf)[:st.Size+1])
	if err != io.EOF && err != io.ErrUnexpectedEOF {
		if err == nil {
			err = fsx.ErrChanged // it grew
		}
		return object.ID{}, err
	}
	if err := unchanged(f, st, int64(n)); err != nil {
		return object.ID{}, err
	}
	content := (*buf)[:n]
	id := object.Sum(content)
	return id, b.Put(ctx, id, content)
}

// unchanged checks that f, of which n bytes were read, is as st says.
func unchanged(f *os.File, st fsx.Stat, n int64) error {
	now, err := fsx.StatFile(f)
	if err != nil {
		return err
	}
	if n != st.Size || !now.Same(st) {
		return fsx.ErrChanged
	}
	return nil
}

func (b *Batch) putLarge(ctx context.Context, f *os.File, st fsx.Stat, likely object.ID) (object.ID, error) {
	select {
	case b.streams <- struct{}{}:
		defer func() { <-b.streams }()
	case <-ctx.Done():
		return object.ID{}, ctx.Err()
	}
	temp, err := b.s.createTemp(ctx, fsx.TempOptions{Perm: 0o444, Size: st.Size, Direct: true})
	if err != nil {
		return object.ID{}, b.check(err)
	}
	defer temp.Discard()
	h := object.NewHasher()
	n, err := io.Copy(io.MultiWriter(h, temp), io.NewSectionReader(f, 0, st.Size+1))
	if err != nil {
		return object.ID{}, err
	}
	if err := unchanged(f, st, n); err != nil {
		return object.ID{}, err
	}
	id := h.ID()
	if todo, err := b.claim(id, n); !todo {
		return id, err
	}
	return id, b.check(b.name(temp, id, false))
}
