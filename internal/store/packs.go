package store

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
)

const packExt = ".mlvc"

// A packFile is one pack of the cache, held open: its footer mapped, its
// frames read when they are asked for. Holding it open keeps it readable after
// another process merged it into a larger one.
type packFile struct {
	name string // with its extension
	size int64
	f    *os.File
	m    *fsx.Mapping
	foot pack.Footer
}

// openPack opens the pack of that name. fs.ErrNotExist: it was merged since it
// was listed. errs.Corrupt: it is not a pack.
func openPack(cache *fsx.Root, name string) (*packFile, error) {
	f, err := cache.Open(packsDir.Join(fsx.Path(name)))
	if err != nil {
		return nil, err
	}
	p := &packFile{name: name, f: f}
	if err := p.open(); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *packFile) open() error {
	st, err := p.f.Stat()
	if err != nil {
		return err
	}
	p.size = st.Size()
	if p.size < pack.TrailerSize {
		return errs.New(errs.Corrupt, "", "pack %s has %d bytes", p.name, p.size)
	}
	var trailer [pack.TrailerSize]byte
	if _, err := p.f.ReadAt(trailer[:], p.size-pack.TrailerSize); err != nil {
		return err
	}
	n, err := pack.FooterSize(trailer[:], p.size)
	if err != nil {
		return err
	}
	if p.m, err = fsx.Map(p.f, p.size-n, n); err != nil {
		return err
	}
	p.foot, err = pack.OpenFooter(p.m.Bytes(), p.size)
	return err
}

func (p *packFile) close() error {
	var err error
	if p.m != nil {
		err = p.m.Close()
	}
	return errors.Join(err, p.f.Close())
}

// find returns the frame of id. Frames of a pack are raw.
func (p *packFile) find(id object.ID) (pack.Frame, bool) {
	f, ok := p.foot.Find(id)
	return f, ok && f.Codec == pack.Raw
}

// read returns the frame's bytes in buf, unverified.
func (p *packFile) read(f pack.Frame, buf []byte) ([]byte, error) {
	buf = grown(buf, int(f.Stored))
	_, err := p.f.ReadAt(buf, int64(f.Offset))
	return buf, err
}

// A packSet is the packs of the cache as they were last listed. Packs are only
// ever added to it, so that a number stays that of its pack until close.
type packSet struct {
	cache *fsx.Root
	list  atomic.Pointer[[]*packFile] // nil: not listed yet

	mu      sync.Mutex // for changes
	known   map[string]bool
	damaged []string // names of what is not a pack
}

// all returns the packs, listing the folder the first time.
func (s *packSet) all() ([]*packFile, error) {
	if list := s.list.Load(); list != nil {
		return *list, nil
	}
	if _, err := s.refresh(); err != nil {
		return nil, err
	}
	return *s.list.Load(), nil
}

// refresh lists the folder again and returns the packs that are new.
func (s *packSet) refresh() ([]*packFile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A pack can be merged between the listing and its opening; who merges so
	// fast must have written seven others each time.
	var added []*packFile
	for range 10 {
		more, err := s.scan()
		added = append(added, more...)
		if !errors.Is(err, fs.ErrNotExist) {
			return added, err
		}
	}
	return nil, errors.New("the packs of the cache are merged faster than they can be listed")
}

// scan opens the packs that are not known yet. Even with an error, those that
// it returns are good and published.
func (s *packSet) scan() (added []*packFile, err error) {
	defer func() { s.publish(added) }()
	names, err := s.cache.ReadDir(packsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		if !strings.HasSuffix(n.Name, packExt) || s.known[n.Name] {
			continue
		}
		p, err := openPack(s.cache, n.Name)
		switch {
		case errs.KindOf(err) == errs.Corrupt:
			s.damaged = append(s.damaged, n.Name)
		case err != nil:
			return added, err
		default:
			added = append(added, p)
		}
		s.know(n.Name)
	}
	return added, nil
}

func (s *packSet) know(name string) {
	if s.known == nil {
		s.known = map[string]bool{}
	}
	s.known[name] = true
}

// publish appends to the list that readers see.
func (s *packSet) publish(added []*packFile) {
	var list []*packFile
	if old := s.list.Load(); old != nil {
		list = slices.Clip(*old)
	}
	list = append(list, added...)
	s.list.Store(&list)
}

// has tells whether a pack that is known lists id.
func (s *packSet) has(id object.ID) (bool, error) {
	packs, err := s.all()
	for _, p := range packs {
		if _, ok := p.find(id); ok {
			return true, nil
		}
	}
	return false, err
}

// add opens a pack that this process wrote.
func (s *packSet) add(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.list.Load() == nil {
		return nil // it will be listed with the others
	}
	p, err := openPack(s.cache, name)
	if err == nil {
		s.know(name)
		s.publish([]*packFile{p})
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // merged already
	}
	return err
}

// damage names a pack that can't be trusted to list all that it holds; it
// reads every footer, so it is asked only when something is missing.
func (s *packSet) damage() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if list := s.list.Load(); len(s.damaged) == 0 && list != nil {
		for _, p := range *list {
			if _, err := pack.ParseFooter(p.m.Bytes(), p.size); err != nil {
				s.damaged = append(s.damaged, p.name)
			}
		}
	}
	if len(s.damaged) == 0 {
		return ""
	}
	return s.damaged[0]
}

// close closes the packs; they are listed anew when they are asked for.
func (s *packSet) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known, s.damaged = nil, nil
	var all []error
	if list := s.list.Swap(nil); list != nil {
		for _, p := range *list {
			all = append(all, p.close())
		}
	}
	return errors.Join(all...)
}
