package work

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/store"
)

// lookAtSlice compares the files of a slice with the state and hashes what
// differs.
func (s *scan) lookAtSlice(ctx context.Context, h *hand, t task, push func(...task)) error {
	sl, names := t.slice, t.slice.names
	n := sl.hi - sl.lo
	if names != nil {
		n = len(names)
		sl.files = make([]file, 0, n)
	}
	for i := range n {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		name, row := fsx.Name{}, int32(-1)
		switch {
		case names == nil:
			row = int32(sl.lo + i) //nolint:gosec // see rowsOf
			name.Name = string(s.state.FilePath(int(row)).Rel(t.folder.path))
		case sl.rows != nil:
			name, row = names[i], sl.rows[i]
		default:
			name = names[i]
		}
		if row >= 0 {
			r := s.state.File(int(row))
			st, err := t.open.Stat(name.Name)
			if err == nil && r.Clean(&st) && s.kept(r.ID) {
				s.same.Add(1)
				if sl.files != nil {
					sl.files = append(sl.files, fileOf(r, t.folder))
				}
				continue
			}
			if gone(err) {
				name.Kind = fsx.Special // not there any more
			} else {
				name.Kind = st.Kind
			}
		}
		if sl.files == nil {
			sl.files = make([]file, i, n)
			for k := range i {
				sl.files[k] = fileOf(s.state.File(sl.lo+k), t.folder)
			}
		}
		if err := s.found(ctx, h, t, name, push); err != nil {
			return err
		}
	}
	sl.names, sl.rows = nil, nil
	return nil
}

// found hashes a file or link that the state doesn't know, and adds it to the
// slice. A large file is left to a task of its own.
func (s *scan) found(ctx context.Context, h *hand, t task, name fsx.Name, push func(...task)) error {
	if err := s.learn(t.folder.stat.Dev); err != nil {
		return err
	}
	sl := t.slice
	at := s.path.Join(t.folder.path).Join(fsx.Path(name.Name))
	switch name.Kind {
	case fsx.Symlink:
		return s.foundLink(ctx, h, sl, at, name.Name)
	case fsx.File:
	case fsx.Dir, fsx.Special:
		return nil // it went away, or became something else; the folder's stat shows it
	}
	content, st, err := t.open.Read(name.Name, h.content, store.Loose)
	if errors.Is(err, fsx.ErrChanged) {
		content, st, err = t.open.Read(name.Name, h.content, store.Loose)
	}
	switch {
	case errors.Is(err, fsx.ErrTooLarge):
		sl.files = append(sl.files, file{name: name.Name, stat: st, mode: modeOf(st)})
		t.open.uses.Add(1)
		push(task{folder: t.folder, open: t.open, large: &sl.files[len(sl.files)-1]})
		return nil
	case gone(err):
		return nil
	case err != nil:
		s.failed.Add(whileReading(at, err))
		return nil
	}
	f := file{name: name.Name, stat: st, mode: modeOf(st)}
	if f.id, err = s.save(ctx, h, content); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	sl.files = append(sl.files, f)
	s.opt.meter.Add(1, st.Size)
	return nil
}

// foundLink records a symbolic link inside a tracked folder: its content is
// its target.
func (s *scan) foundLink(ctx context.Context, h *hand, sl *slice, at fsx.Path, name string) error {
	st, err := s.root.Stat(at)
	if err != nil {
		s.failed.Add(err)
		return nil
	}
	target, err := s.root.Readlink(at)
	if err != nil {
		s.failed.Add(err)
		return nil
	}
	f := file{name: name, stat: st, mode: object.Symlink}
	f.stat.Size = int64(len(target))
	if f.id, err = s.save(ctx, h, []byte(target)); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	sl.files = append(sl.files, f)
	return nil
}

// save returns the ID of small content, which goes into the batch if there is
// one.
func (s *scan) save(ctx context.Context, h *hand, content []byte) (object.ID, error) {
	id := h.hasher.Sum(content)
	if s.opt.batch == nil || len(content) == 0 {
		return id, nil
	}
	return id, s.opt.batch.Put(ctx, id, content)
}

// hashLarge hashes one large file of a folder.
func (s *scan) hashLarge(ctx context.Context, t task) error {
	at := s.path.Join(t.folder.path).Join(fsx.Path(t.large.name))
	id, st, err := s.hashFile(ctx, at)
	if err != nil {
		if ctx.Err() == nil && s.opt.batch == nil || errors.Is(err, fsx.ErrChanged) {
			s.failed.Add(whileReading(at, err))
			return nil
		}
		return err
	}
	t.large.id, t.large.stat, t.large.mode = id, st, modeOf(st)
	return nil
}

// hashFile hashes the file at the path, and saves it if there is a batch. A
// file that changes meanwhile is tried once more.
func (s *scan) hashFile(ctx context.Context, at fsx.Path) (object.ID, fsx.Stat, error) {
	id, st, err := s.hashOnce(ctx, at)
	if errors.Is(err, fsx.ErrChanged) {
		id, st, err = s.hashOnce(ctx, at)
	}
	return id, st, err
}

func (s *scan) hashOnce(ctx context.Context, at fsx.Path) (id object.ID, st fsx.Stat, err error) {
	f, err := s.root.Open(at)
	if err != nil {
		return id, st, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if st, err = fsx.StatFile(f); err != nil {
		return id, st, err
	}
	if s.opt.batch != nil {
		id, err = s.opt.batch.PutFile(ctx, f, st, object.ID{})
	} else {
		id, err = hashOpen(ctx, f, st)
	}
	if err == nil {
		s.opt.meter.Add(1, st.Size)
	}
	return id, st, err
}

// lookAtFile is the scan of a path that is a file.
func (s *scan) lookAtFile(ctx context.Context, st fsx.Stat) error {
	s.file = file{stat: st, mode: modeOf(st)}
	if s.state != nil && s.state.Folders() == 0 {
		if r := s.state.File(0); r.Clean(&st) && s.kept(r.ID) {
			s.file.id = r.ID
			s.same.Add(1)
			return nil
		}
	}
	if err := s.learn(st.Dev); err != nil {
		return err
	}
	var err error
	if st.Size == 0 {
		s.file.id = object.Empty
		return nil
	}
	s.file.id, s.file.stat, err = s.hashFile(ctx, s.path)
	s.file.mode = modeOf(s.file.stat)
	if err != nil {
		return whileReading(s.path, err)
	}
	return nil
}

func modeOf(st fsx.Stat) object.Mode {
	if st.Exec {
		return object.Exec
	}
	return object.File
}

// whileReading gives an error of reading at the way out that fits it.
func whileReading(at fsx.Path, err error) error {
	if errors.Is(err, fsx.ErrChanged) {
		return errs.At(errs.Other, string(at), "wait until it is written, then run the command again", "%w", fsx.ErrChanged)
	}
	return err
}

// hashOpen hashes a file that is not to be saved.
func hashOpen(ctx context.Context, f *os.File, st fsx.Stat) (object.ID, error) {
	h := object.NewHasher()
	n, err := io.Copy(h, io.NewSectionReader(f, 0, st.Size+1))
	if err != nil {
		return object.ID{}, err
	}
	now, err := fsx.StatFile(f)
	if err == nil && (n != st.Size || !now.Same(st)) {
		err = fsx.ErrChanged
	}
	return h.ID(), errors.Join(err, ctx.Err())
}
