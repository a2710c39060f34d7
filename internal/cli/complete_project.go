package cli

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/spec"
	"github.com/mlv-dev/mlv/internal/vcs"
	"github.com/mlv-dev/mlv/internal/work"
)

// load reads the project's files, and nothing else of it: no cache, no lock.
// cwd is where the user stands, below the project's folder.
func (a *App) load(ctx context.Context) (p *spec.Project, cwd string) {
	dir, err := work.Find(a.Dir)
	if err != nil {
		return nil, ""
	}
	root, err := fsx.OpenRoot(dir)
	if err != nil {
		return nil, ""
	}
	defer func() { _ = root.Close() }()
	if p, err = spec.Load(ctx, root.FS(), spec.Options{Above: fsx.MaxDepth}); err != nil {
		return nil, ""
	}
	at, err := filepath.Abs(a.Dir)
	if err != nil {
		return nil, ""
	}
	if real, err := filepath.EvalSymlinks(at); err == nil {
		at = real
	}
	if cwd, err = filepath.Rel(dir, at); err != nil {
		return nil, ""
	}
	return p, cwd
}

// trackedPaths returns the paths that the project tracks, as seen from where
// the user stands.
func trackedPaths(ctx context.Context, a *App, _ []string) (paths []string) {
	p, cwd := a.load(ctx)
	if p == nil {
		return nil
	}
	for _, out := range p.Outputs() {
		if rel, err := filepath.Rel(cwd, filepath.FromSlash(string(out.Path))); err == nil {
			paths = append(paths, filepath.ToSlash(rel))
		}
	}
	return paths
}

// stageNames returns the names of all stages.
func stageNames(ctx context.Context, a *App, _ []string) (names []string) {
	p, _ := a.load(ctx)
	if p == nil {
		return nil
	}
	for _, file := range p.Files {
		for _, s := range file.Stages {
			names = append(names, s.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// targets returns what a TARGET can be.
func targets(ctx context.Context, a *App, args []string) []string {
	return append(trackedPaths(ctx, a, args), stageNames(ctx, a, args)...)
}

// revisions returns the names of branches and tags.
func revisions(ctx context.Context, a *App, _ []string) []string {
	repo, err := vcs.Open(ctx, a.Dir, vcs.Options{})
	if err != nil {
		return nil
	}
	defer func() { _ = repo.Close() }()
	branches, _ := repo.Branches(ctx) // what can't be read is not offered
	tags, _ := repo.Tags(ctx)
	return append(append(branches, tags...), "HEAD")
}
