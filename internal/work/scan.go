package work

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/par"
	"github.com/mlv-dev/mlv/internal/spec"
	"github.com/mlv-dev/mlv/internal/store"
)

// scanOptions say what a scan does beside looking.
type scanOptions struct {
	batch *store.Batch // content goes here; nil: it is only hashed
	rules *spec.Ignore // of .mlvignore files in and above the path's folder
	jobs  int
	meter *par.Meter
}

// A scan is what stands at one path now. Whatever the state index still
// describes is not read again and takes no memory: a folder of a million
// unchanged files is a thousand slices of row numbers.
type scan struct {
	root  *fsx.Root
	store *store.Store
	path  fsx.Path
	opt   scanOptions

	state *store.State // nil: nothing is known
	kind  fsx.Kind     // File or Dir
	file  file         // what the path is, if a file
	top   *folder      // what it is, if a folder

	once   sync.Once          // makes next
	next   *store.StateWriter // begun before the first file was hashed; nil: nothing was learned
	begun  error
	same   atomic.Int64 // file rows of the state that still hold
	differ atomic.Bool  // something isn't as the state says
	failed errs.List    // what can't be read or recorded

	mu    sync.Mutex
	temps []fsx.Path // temporary files of a killed command, from the project's root
}

// A folder is one directory of a scan.
type folder struct {
	path   fsx.Path     // below the scan's path; "" is its top
	rules  *spec.Ignore // what is left out of it
	stat   fsx.Stat
	subs   []*folder // in tree order once the walk is over
	slices []*slice  // in the order of names
	files  int       // what is recorded in it, sub-folders included
}

// A slice is a run of a folder's files, what one worker takes at once. Their
// names come from the state's rows lo to hi, or from a listing.
type slice struct {
	lo, hi int
	names  []fsx.Name // nil: as rows lo to hi say
	rows   []int32    // the row of each name, -1 for none
	files  []file     // what was found; nil: all is as rows lo to hi say
}

// A file is what was found of one file or link.
type file struct {
	name string
	stat fsx.Stat
	id   object.ID
	mode object.Mode
}

// look scans path, which must exist. The caller closes what it returns.
func (p *Project) look(ctx context.Context, path fsx.Path, opt scanOptions) (*scan, error) {
	s := &scan{root: p.Root, store: p.store, path: path, opt: opt, state: p.store.State(path)}
	if err := s.run(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *scan) run(ctx context.Context) error {
	st, err := s.root.Stat(s.path)
	if err != nil {
		return err
	}
	switch s.kind = st.Kind; s.kind {
	case fsx.File:
		err = s.lookAtFile(ctx, st)
	case fsx.Dir:
		err = s.walk(ctx, st)
	case fsx.Symlink, fsx.Special:
		return errs.At(errs.Usage, string(s.path), "", "is a %s, which can't be tracked", st.Kind)
	}
	if err != nil {
		return err
	}
	return s.failed.Err()
}

// close releases the state. Names that came from it are invalid then.
func (s *scan) close() {
	if s.next != nil {
		s.next.Discard()
	}
	if s.state != nil {
		_ = s.state.Close() // a mapping that was only read
	}
}

// learn marks that something isn't as the state says, and begins the state
// that will replace it: before the file in question is read, so that a change
// after this moment shows.
func (s *scan) learn(dev uint64) error {
	s.differ.Store(true)
	s.once.Do(func() { s.next, s.begun = s.store.NewState(s.path, dev) })
	return s.begun
}

// unchanged tells whether all that stands here has the hash that the state
// recorded.
func (s *scan) unchanged() bool {
	return s.state != nil && !s.differ.Load() && int(s.same.Load()) == s.state.Files()
}

// kept tells whether content that the state knows need not be read: where it
// is to be saved, the cache must have it.
func (s *scan) kept(id object.ID) bool {
	if s.opt.batch == nil {
		return true
	}
	ok, err := s.store.Has(id)
	return ok && err == nil
}

// entry returns the hash of what stands here, giving the nodes of a folder's
// tree to emit.
func (s *scan) entry(emit func(*object.Node) error) (object.Entry, object.Root, error) {
	e := object.Entry{Path: s.path}
	if s.kind == fsx.File {
		e.ID, e.Size, e.Mode = s.file.id, s.file.stat.Size, s.file.mode
		return e, object.Root{ID: e.ID, Files: 1, Bytes: e.Size}, nil
	}
	b := object.NewBuilder(emit)
	var err error
	s.each(func(_ *folder, line object.Entry, _ *fsx.Stat) bool {
		err = b.Add(line)
		return err == nil
	})
	if err != nil {
		return e, object.Root{}, errs.At(errs.Usage, string(s.path), "", "%w", err)
	}
	root, err := b.Finish()
	e.ID, e.Size, e.Mode = root.ID, root.Bytes, object.Tree
	return e, root, err
}

// remember writes what was found into the state index, if anything was
// learned. The index only saves time, so that the caller may ignore an error
// wherever it may not write.
func (s *scan) remember(root object.ID) error {
	if s.next == nil {
		return nil
	}
	if s.kind == fsx.File {
		if err := s.next.Expect(1, 0); err != nil {
			return err
		}
		line := object.Entry{ID: s.file.id, Size: s.file.stat.Size, Mode: s.file.mode}
		if err := s.next.AddFile(&line, &s.file.stat); err != nil {
			return err
		}
		return s.next.Write(root)
	}
	folders := s.folders()
	if err := s.next.Expect(s.top.files, len(folders)); err != nil {
		return err
	}
	var err error
	s.each(func(_ *folder, line object.Entry, st *fsx.Stat) bool {
		err = s.next.AddFile(&line, st)
		return err == nil
	})
	for _, f := range folders {
		if err == nil {
			st := f.stat
			if f.rules != nil {
				st.Mtime = 0 // rules may change without the folder: it is always listed
			}
			err = s.next.AddFolder(f.path, &st)
		}
	}
	if err != nil {
		return err
	}
	return s.next.Write(root)
}
