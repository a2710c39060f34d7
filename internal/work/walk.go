package work

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/par"
	"github.com/mlv-dev/mlv/internal/spec"
	"github.com/mlv-dev/mlv/internal/store"
)

// sliceLen is how many files of a folder a worker takes at once: enough to
// forget the queue, few enough that two workers end together.
const sliceLen = 512

// maxIgnore is the most bytes that an ignore file may have.
const maxIgnore = 4 << 20

// A task is one step of a walk: list a folder, look at a slice of its files,
// or hash one large file. The last two hold the folder open.
type task struct {
	folder *folder
	open   *openFolder
	slice  *slice
	large  *file
}

// An openFolder is closed by the last task that uses it.
type openFolder struct {
	*fsx.Folder
	uses atomic.Int32
}

func (d *openFolder) done() error {
	if d.uses.Add(-1) > 0 {
		return nil
	}
	return d.Close()
}

// A hand is what one worker keeps between tasks.
type hand struct {
	names   []byte
	content []byte
	hasher  *object.Hasher
}

// walk looks at all that is below the folder at s.path.
func (s *scan) walk(ctx context.Context, st fsx.Stat) error {
	s.top = &folder{stat: st, rules: s.opt.rules}
	hands := make([]hand, max(s.opt.jobs, 1))
	for i := range hands {
		hands[i] = hand{names: make([]byte, 64<<10), content: make([]byte, store.Loose), hasher: object.NewHasher()}
	}
	err := par.Spread(ctx, len(hands), []task{{folder: s.top}}, func(ctx context.Context, worker int, t task, push func(...task)) error {
		h := &hands[worker]
		switch {
		case t.large != nil:
			return errors.Join(s.hashLarge(ctx, t), t.open.done())
		case t.slice != nil:
			return errors.Join(s.lookAtSlice(ctx, h, t, push), t.open.done())
		}
		return s.list(h, t.folder, push)
	})
	if err != nil {
		return err
	}
	s.settle(s.top)
	return nil
}

// list finds what is in f and pushes its sub-folders and the slices of its
// files. A folder that is as the state says isn't read.
func (s *scan) list(h *hand, f *folder, push func(...task)) error {
	at := s.path.Join(f.path)
	dir, err := s.root.Folder(at)
	if err != nil {
		s.failed.Add(err)
		return nil
	}
	open := &openFolder{Folder: dir}
	open.uses.Store(1)
	if f.stat, err = dir.Self(); err != nil {
		return errors.Join(err, open.done())
	}
	if s.listed(f) {
		s.recall(f)
	} else {
		if err := s.learn(f.stat.Dev); err != nil {
			return errors.Join(err, open.done())
		}
		names, err := dir.Names(h.names)
		if err != nil {
			s.failed.Add(err)
			return open.done()
		}
		if err := s.readRules(f, dir, names); err != nil {
			s.failed.Add(err)
			return open.done()
		}
		s.sort(f, names)
	}
	tasks := make([]task, 0, len(f.subs)+len(f.slices))
	for _, sub := range f.subs {
		tasks = append(tasks, task{folder: sub})
	}
	for _, sl := range f.slices {
		open.uses.Add(1)
		tasks = append(tasks, task{folder: f, open: open, slice: sl})
	}
	push(tasks...)
	return open.done()
}

// readRules adds the rules of an ignore file in f, if it has one.
func (s *scan) readRules(f *folder, dir *fsx.Folder, names []fsx.Name) error {
	_, found := slices.BinarySearchFunc(names, spec.IgnoreName, func(n fsx.Name, name string) int { return cmp.Compare(n.Name, name) })
	if !found {
		return nil
	}
	b, _, err := dir.Read(spec.IgnoreName, nil, maxIgnore)
	if err != nil {
		return err
	}
	f.rules = f.rules.With(s.path.Join(f.path), b)
	return nil
}

// listed tells whether the state knows the names in f. Where ignore rules hold
// it doesn't: they may have changed since.
func (s *scan) listed(f *folder) bool {
	if s.state == nil || f.rules != nil {
		return false
	}
	if _, ok := s.state.FindFile(f.path.Join(spec.IgnoreName)); ok {
		return false
	}
	i, ok := s.state.FindFolder(f.path)
	if !ok {
		return false
	}
	row := s.state.Folder(i)
	return row.Clean(&f.stat)
}

// recall takes the names in f from the state.
func (s *scan) recall(f *folder) {
	lo, hi := s.state.Below(f.path)
	for lo < hi {
		name, rest, nested := strings.Cut(string(s.state.FilePath(lo).Rel(f.path)), "/")
		if nested || s.state.File(lo).Mode == object.Dir {
			sub := f.path.Join(fsx.Path(name))
			f.subs = append(f.subs, &folder{path: sub})
			lo++
			if rest != "" {
				_, lo = s.state.Below(sub)
			}
			continue
		}
		run := lo
		for run < hi && run-lo < sliceLen && s.isFileOf(f, run) {
			run++
		}
		f.slices = append(f.slices, &slice{lo: lo, hi: run})
		lo = run
	}
}

// isFileOf tells whether row i lies in f itself and is no folder.
func (s *scan) isFileOf(f *folder, i int) bool {
	return strings.IndexByte(string(s.state.FilePath(i).Rel(f.path)), '/') < 0 && s.state.File(i).Mode != object.Dir
}

// sort divides the names listed in f into sub-folders and slices of files.
func (s *scan) sort(f *folder, names []fsx.Name) {
	files := names[:0]
	for _, n := range names {
		at := f.path.Join(fsx.Path(n.Name))
		switch {
		case fsx.IsTemp(n.Name):
			s.mu.Lock()
			s.temps = append(s.temps, s.path.Join(at))
			s.mu.Unlock()
		case f.rules != nil && f.rules.Match(s.path.Join(at), n.Kind == fsx.Dir):
		case n.Kind == fsx.Special:
			s.failed.Add(errs.At(errs.Usage, string(s.path.Join(at)), "move it away, or name it in .mlvignore", "is a socket, pipe or device, which can't be tracked"))
		case s.refuse(at):
		case n.Kind == fsx.Dir:
			f.subs = append(f.subs, &folder{path: at, rules: f.rules})
		default:
			files = append(files, n)
		}
	}
	for run := range slices.Chunk(files, sliceLen) {
		f.slices = append(f.slices, &slice{names: run, rows: s.rowsOf(f, run)})
	}
}

// refuse records that at can't be named in a tree.
func (s *scan) refuse(at fsx.Path) bool {
	_, err := fsx.ParsePath(string(s.path.Join(at)))
	if err == nil && at.Private() {
		err = fmt.Errorf("path %q: nothing in .mlv can be tracked", s.path.Join(at))
	}
	if err != nil {
		s.failed.Add(errs.New(errs.Usage, "rename it, or name it in .mlvignore", "%w", err))
	}
	return err != nil
}

// rowsOf finds the state's row of each name by merging two sorted lists.
func (s *scan) rowsOf(f *folder, names []fsx.Name) []int32 {
	if s.state == nil {
		return nil
	}
	rows := make([]int32, len(names))
	at := -1
	for i, n := range names {
		p := f.path.Join(fsx.Path(n.Name))
		if at < 0 || at >= s.state.Files() || s.state.FilePath(at) != p {
			at, _ = s.state.FindFile(p)
		}
		rows[i] = -1
		if at < s.state.Files() && s.state.FilePath(at) == p && s.state.File(at).Mode != object.Dir {
			rows[i] = int32(at) //nolint:gosec // a state has fewer rows than 2^31 in 4 GiB
			at++
		}
	}
	return rows
}

// settle puts what the workers found into tree order and counts it.
func (s *scan) settle(f *folder) {
	for _, sl := range f.slices {
		f.files += sl.len()
	}
	for _, sub := range f.subs {
		s.settle(sub)
		f.files += max(sub.files, 1)
		if sub.files == 0 {
			s.checkEmpty(sub)
		}
	}
	slices.SortFunc(f.subs, func(a, b *folder) int { return cmp.Compare(a.key(), b.key()) })
}

// checkEmpty holds a folder with nothing in it against the state.
func (s *scan) checkEmpty(f *folder) {
	if s.state != nil {
		if i, ok := s.state.FindFile(f.path); ok && s.state.File(i).Mode == object.Dir {
			s.same.Add(1)
			return
		}
	}
	s.differ.Store(true)
}

// key is what f sorts by among the names of its folder: what is below it has
// its name and a '/' in front, but with nothing below it is a line itself.
func (f *folder) key() string {
	if f.files == 0 {
		return f.path.Base()
	}
	return f.path.Base() + "/"
}

func (sl *slice) len() int {
	if sl.files != nil {
		return len(sl.files)
	}
	return sl.hi - sl.lo
}

// each yields the lines of the folder's tree in order, with what a stat says
// of them, until yield returns false.
func (s *scan) each(yield func(f *folder, line object.Entry, st *fsx.Stat) bool) {
	s.eachIn(s.top, yield)
}

func (s *scan) eachIn(f *folder, yield func(*folder, object.Entry, *fsx.Stat) bool) bool {
	subs := f.subs
	enter := func(before string) bool { // all sub-folders that sort before a name
		for len(subs) > 0 && (before == "" || subs[0].key() < before) {
			sub := subs[0]
			subs = subs[1:]
			if sub.files == 0 {
				if !yield(f, object.Entry{Path: sub.path, ID: object.Empty, Mode: object.Dir}, &sub.stat) {
					return false
				}
			} else if !s.eachIn(sub, yield) {
				return false
			}
		}
		return true
	}
	for _, sl := range f.slices {
		for i := range sl.len() {
			fl := s.at(sl, f, i)
			if len(subs) > 0 && !enter(fl.name) {
				return false
			}
			line := object.Entry{Path: f.path.Join(fsx.Path(fl.name)), ID: fl.id, Size: fl.stat.Size, Mode: fl.mode}
			if !yield(f, line, &fl.stat) {
				return false
			}
		}
	}
	return enter("")
}

// at returns file i of a slice.
func (s *scan) at(sl *slice, f *folder, i int) file {
	if sl.files != nil {
		return sl.files[i]
	}
	return fileOf(s.state.File(sl.lo+i), f)
}

// fileOf returns what a row says of a file in f.
func fileOf(r store.Row, f *folder) file {
	return file{name: string(r.Path.Rel(f.path)), id: r.ID, mode: r.Mode, stat: statOf(r)}
}

func statOf(r store.Row) fsx.Stat {
	return fsx.Stat{Size: r.Size, Mtime: r.Mtime, Ctime: r.Ctime, Inode: r.Inode, Exec: r.Mode == object.Exec}
}

// folders returns all folders in the order of their paths.
func (s *scan) folders() []*folder {
	all := []*folder{s.top}
	for i := 0; i < len(all); i++ {
		all = append(all, all[i].subs...)
	}
	slices.SortFunc(all, func(a, b *folder) int { return cmp.Compare(a.path, b.path) })
	return all
}

func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) }
