package work

import (
	"context"
	"errors"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/object"
)

// CommitOptions say what Commit records.
type CommitOptions struct {
	Targets   []string
	Recursive bool
	DryRun    bool
}

// Commit saves what stands in the working tree at the paths that pointers track
// and updates the pointers. Outputs of stages are not its business.
func (p *Project) Commit(ctx context.Context, opt CommitOptions) (result AddResult, err error) {
	selected, err := p.Select(opt.Targets, SelectOptions{Recursive: opt.Recursive})
	if err != nil {
		return result, err
	}
	var failed errs.List
	for _, s := range selected {
		if s.Stage != "" || s.NoCache || s.Frozen {
			continue
		}
		added, err := p.commit(ctx, s, opt)
		failed.Add(err)
		if err == nil && added.Path != "" {
			result.Added = append(result.Added, added)
			if added.Change == "updated" {
				result.Stage = append(result.Stage, added.Pointer)
			}
		}
	}
	if !opt.DryRun {
		failed.Add(p.Reload(ctx))
		failed.Add(p.notePlaced())
	}
	return result, failed.Err()
}

// commit saves one output under its lock. Where nothing stands there is nothing
// to record: what is gone is restored by checkout.
func (p *Project) commit(ctx context.Context, s Selected, opt CommitOptions) (added Added, err error) {
	lock, err := p.lock(ctx, s.Path)
	if err != nil {
		return added, err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	if ok, err := p.Root.Exists(s.Path); !ok {
		return added, err
	}
	var found Found
	if opt.DryRun {
		found, err = p.Hash(ctx, s.Path)
	} else {
		found, err = p.Save(ctx, s.Path)
	}
	if err != nil {
		return added, err
	}
	ptr, ok := p.pointer(s.Output)
	if !ok {
		return added, nil
	}
	added = Added{
		Path: p.Show(s.Path), Pointer: p.Show(ptr.File),
		Hash: found.ID.String(), Size: found.Size, Files: found.Files, Change: "unchanged",
	}
	if found.ID == ptr.ID && found.Mode == ptr.Mode {
		return added, nil
	}
	added.Change = "updated"
	if opt.DryRun {
		return added, nil
	}
	ptr.ID, ptr.Size, ptr.Mode, ptr.Files = found.ID, found.Size, found.Mode, 0
	if ptr.Mode == object.Tree {
		ptr.Files = found.Files
	}
	return added, p.writePointer(ptr)
}
