package work

import (
	"context"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/spec"
)

// Untracked returns the files that neither git nor mlv tracks or ignores; of a
// folder in which all is untracked only the folder, with a trailing slash.
func (p *Project) Untracked(ctx context.Context) ([]string, error) {
	u := &untracked{p: p, outputs: map[fsx.Path]bool{}}
	for _, out := range p.Spec.Outputs() {
		u.outputs[out.Path] = true
	}
	_, err := u.folder(ctx, "", nil)
	return u.found, err
}

type untracked struct {
	p       *Project
	outputs map[fsx.Path]bool
	found   []string
}

// folder looks into dir and tells whether something in it is tracked.
func (u *untracked) folder(ctx context.Context, dir fsx.Path, rules *spec.Ignore) (tracked bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	names, err := u.p.Root.ReadDir(dir)
	if err != nil {
		return false, err
	}
	for _, name := range []string{spec.GitIgnoreName, spec.IgnoreName} {
		if b, err := u.p.Root.ReadFile(dir.Join(fsx.Path(name)), maxIgnore); err == nil {
			rules = rules.With(dir, b)
		}
	}
	for _, n := range names {
		at := dir.Join(fsx.Path(n.Name))
		switch {
		case u.outputs[at]:
			tracked = true
		case n.Name == ".git" || at == mlvDir || rules.Match(at, n.Kind == fsx.Dir):
		case n.Kind == fsx.Dir:
			mark := len(u.found)
			some, err := u.folder(ctx, at, rules)
			if err != nil {
				return false, err
			}
			if tracked = tracked || some; !some && len(u.found) > mark {
				u.found = append(u.found[:mark], u.p.Show(at)+"/")
			}
		default:
			known, err := u.p.inGit(ctx, at)
			if err != nil {
				return false, err
			}
			if tracked = tracked || known; !known {
				u.found = append(u.found, u.p.Show(at))
			}
		}
	}
	return tracked, nil
}

// inGit tells whether git tracks a path, or something below it.
func (p *Project) inGit(ctx context.Context, at fsx.Path) (bool, error) {
	if p.Repo == nil {
		return false, nil
	}
	paths, err := p.Repo.Tracked(ctx, p.Prefix().Join(at))
	return len(paths) > 0, err
}
