package pipeline

import (
	"errors"
	"io"

	"github.com/mlv-dev/mlv/internal/fsx"
)

// own makes what stands at p, an out that persists, writable files that share
// no bytes with the cache: a command may write into them.
func (p *Pipeline) own(at fsx.Path) error {
	root := p.opt.Root
	st, err := root.Stat(at)
	if err != nil {
		return err
	}
	switch {
	case st.Kind == fsx.Dir:
		names, err := root.ReadDir(at)
		for _, name := range names {
			child, cerr := at.Child(name.Name)
			if cerr != nil {
				return cerr
			}
			if err = errors.Join(err, p.own(child)); err != nil {
				return err
			}
		}
		return err
	case st.Kind == fsx.File && (st.Links > 1 || st.Perm&0o200 == 0):
		return p.copyInPlace(at, st)
	}
	return nil
}

// copyInPlace replaces a file by a copy of it.
func (p *Pipeline) copyInPlace(at fsx.Path, st fsx.Stat) (err error) {
	root := p.opt.Root
	from, err := root.Open(at)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	temp, err := root.CreateTemp(at.Dir(), fsx.TempOptions{Perm: st.Perm | 0o200, Size: st.Size})
	if err != nil {
		return err
	}
	defer temp.Discard()
	if _, err := io.Copy(temp.File(), from); err != nil {
		return err
	}
	return temp.Commit(at, fsx.CommitOptions{})
}
