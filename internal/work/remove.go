package work

import (
	"context"
	"errors"
	"slices"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/spec"
)

// RemoveOptions say what Remove does beside ending the tracking.
type RemoveOptions struct {
	Targets []string
	Outs    bool // remove the data from the working tree, too
	Force   bool // even if they are saved nowhere
}

// RemoveResult says what Remove did.
type RemoveResult struct {
	Removed []string `json:"removed"` // pointers
	Deleted []string `json:"deleted"` // data
	Stage   []string `json:"stage"`   // for git add
}

// Remove ends the tracking of what pointers name: the pointer goes, and its
// line in .gitignore. The cache keeps the content.
func (p *Project) Remove(ctx context.Context, opt RemoveOptions) (result RemoveResult, err error) {
	selected, err := p.Select(opt.Targets, SelectOptions{})
	if err != nil {
		return result, err
	}
	var refused errs.List
	for _, s := range selected {
		refused.Add(p.removable(ctx, s, opt))
	}
	if err := refused.Err(); err != nil {
		return result, err
	}
	for _, s := range selected {
		if err := p.removeOne(ctx, s, opt, &result); err != nil {
			return result, err
		}
	}
	return result, nil
}

func (p *Project) removable(ctx context.Context, s Selected, opt RemoveOptions) error {
	shown := p.Show(s.Path)
	switch {
	case s.Stage != "":
		return errs.At(errs.Usage, shown, "take it out of "+spec.FileName, "is made by stage %s", s.Stage)
	case len(s.Under) > 0:
		return errs.At(errs.Usage, p.Show(s.Path.Join(s.Under[0])), "delete it, then run 'mlv add "+shown+"'",
			"is part of %s, which is tracked as a whole", shown)
	case !opt.Outs:
		return nil
	}
	err := p.unsavedAt(ctx, s.Path, PlaceOptions{Force: opt.Force})
	if gone(err) {
		return nil
	}
	return err
}

func (p *Project) removeOne(ctx context.Context, s Selected, opt RemoveOptions, result *RemoveResult) (err error) {
	lock, err := p.lock(ctx, s.Path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	if err := p.Root.Remove(s.From); err != nil {
		return err
	}
	if err := p.Root.SyncDir(s.From.Dir()); err != nil {
		return err
	}
	result.Removed = append(result.Removed, p.Show(s.From))
	if opt.Outs {
		if err := p.removeSeen(ctx, s.Path); err == nil {
			result.Deleted = append(result.Deleted, p.Show(s.Path))
		} else if !gone(err) {
			return err
		}
	}
	file, err := p.unignoreOutput(s.Path)
	if err != nil {
		return err
	}
	due, err := p.due(ctx, s.From, file)
	result.Stage = append(result.Stage, due...)
	return err
}

// due returns those of files, as the user would type them, that git has to be
// told of: git add refuses one that is gone and that git never knew.
func (p *Project) due(ctx context.Context, files ...fsx.Path) (names []string, err error) {
	for _, file := range files {
		if file == "" {
			continue
		}
		there, err := p.Root.Exists(file)
		if err == nil && !there {
			there, err = p.inGit(ctx, file)
		}
		if err != nil {
			return names, err
		}
		if name := p.Show(file); there && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// MoveOptions say how Move treats what stands at the new name.
type MoveOptions struct {
	From, To string
	Force    bool // replace a file that stands there
}

// Moved says what Move did.
type Moved struct {
	From  string   `json:"from"`
	To    string   `json:"to"`
	Stage []string `json:"stage"` // for git add
}

// Move renames a tracked file or folder with its pointer. Into an existing
// folder it keeps its name.
func (p *Project) Move(ctx context.Context, opt MoveOptions) (moved Moved, err error) {
	selected, err := p.Select([]string{opt.From}, SelectOptions{})
	if err != nil {
		return moved, err
	}
	s := selected[0]
	ptr, ok := p.pointer(s.Output)
	if !ok || s.Stage != "" || len(s.Under) > 0 || len(selected) > 1 {
		return moved, errs.At(errs.Usage, opt.From, "", "only what a pointer of its own tracks can be moved")
	}
	to, err := p.destination(opt.To, s.Path)
	if err != nil {
		return moved, err
	}
	if err := p.free(to, s.Output, opt); err != nil {
		return moved, err
	}
	for _, at := range []fsx.Path{s.Path, to} {
		lock, err := p.lock(ctx, at)
		if err != nil {
			return moved, err
		}
		defer func() { err = errors.Join(err, lock.Unlock()) }()
	}
	moved = Moved{From: p.Show(s.Path), To: p.Show(to)}
	return moved, p.move(ctx, ptr, to, opt, &moved)
}

// destination returns where something is moved to.
func (p *Project) destination(name string, from fsx.Path) (fsx.Path, error) {
	to, err := p.Path(name)
	if err != nil {
		return "", err
	}
	st, err := p.Root.Stat(to)
	if err == nil && st.Kind == fsx.Dir {
		to = to.Join(fsx.Path(from.Base()))
	}
	return to, nil
}

// free checks that the output may stand at the path.
func (p *Project) free(to fsx.Path, moving spec.Output, opt MoveOptions) error {
	for _, out := range p.Spec.Outputs() {
		if out.From != moving.From && (to.Under(out.Path) || out.Path.Under(to)) {
			return errs.At(errs.Usage, opt.To, "", "overlaps with %s, which is tracked by %s", p.Show(out.Path), p.Show(out.From))
		}
	}
	if to.Under(moving.Path) {
		return errs.At(errs.Usage, opt.To, "", "lies in what is to be moved")
	}
	if ok, err := p.Root.Exists(to); err != nil || ok && !opt.Force {
		return errors.Join(err, errs.At(errs.Conflict, opt.To, "move it away, or pass --force to replace it", "exists already"))
	}
	return p.pointable(to + spec.Ext)
}

// move writes the new pointer before it removes the old one: killed between,
// two names have the content, and nothing is lost.
func (p *Project) move(ctx context.Context, ptr spec.PlacedPointer, to fsx.Path, opt MoveOptions, moved *Moved) error {
	from := ptr.Target()
	if err := p.Root.MkdirAll(to.Dir()); err != nil && to.Dir() != "" {
		return err
	}
	ignored, err := p.ignoreOutput(to)
	if err != nil {
		return err
	}
	ptr.Path = to.Base()
	old := ptr.File
	ptr.File = to + spec.Ext
	if err := p.writePointer(ptr); err != nil {
		return err
	}
	err = p.Root.Rename(from, to, fsx.RenameOptions{NoReplace: !opt.Force})
	if err != nil && !gone(err) { // what isn't here is moved in git alone
		return errors.Join(err, p.Root.Remove(ptr.File))
	}
	if err := p.Root.Remove(old); err != nil {
		return err
	}
	if err := p.Root.SyncDir(old.Dir()); err != nil {
		return err
	}
	unignored, err := p.unignoreOutput(from)
	if err != nil {
		return err
	}
	if moved.Stage, err = p.due(ctx, old, ptr.File, ignored, unignored); err != nil {
		return err
	}
	if _, err := p.Hash(ctx, to); !gone(err) { // so that the next status need not read it
		return err
	}
	return nil
}
