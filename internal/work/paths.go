package work

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/spec"
)

// ignoreOutput sees that git ignores an output: a line in the .gitignore beside
// it, if nothing says so yet. It returns the file if it changed.
func (p *Project) ignoreOutput(at fsx.Path) (fsx.Path, error) {
	if p.Repo == nil {
		return "", nil
	}
	return p.editIgnore(at, spec.AddIgnore)
}

// unignoreOutput takes that line back.
func (p *Project) unignoreOutput(at fsx.Path) (fsx.Path, error) {
	return p.editIgnore(at, spec.RemoveIgnore)
}

func (p *Project) editIgnore(at fsx.Path, edit func(content []byte, name string) ([]byte, error)) (fsx.Path, error) {
	file := at.Dir().Join(spec.GitIgnoreName)
	old, err := p.Root.ReadFile(file, maxIgnore)
	if err != nil && !gone(err) {
		return "", err
	}
	b, err := edit(old, at.Base())
	switch {
	case err != nil:
		return "", errs.At(errs.Usage, p.Show(at), "", "%w", err)
	case string(b) == string(old):
		return "", nil
	case len(b) == 0:
		return file, p.Root.Remove(file)
	}
	return file, p.Root.WriteFile(file, b, fsx.WriteOptions{Perm: 0o666})
}

// pointable checks that a pointer may stand at the path: git must not ignore
// it, and nothing else may stand there.
func (p *Project) pointable(file fsx.Path) error {
	if p.Repo == nil {
		return nil
	}
	if p.gitIgnores(file, false) {
		return errs.At(errs.Usage, p.Show(file), "change the rule that 'git check-ignore -v "+p.Show(file)+"' shows",
			"git would ignore the pointer")
	}
	return nil
}

// gitIgnores tells whether the .gitignore files of the project ignore a path.
func (p *Project) gitIgnores(at fsx.Path, folder bool) bool {
	var rules *spec.Ignore
	for _, dir := range above(at) {
		if b, err := p.Root.ReadFile(dir.Join(spec.GitIgnoreName), maxIgnore); err == nil {
			rules = rules.With(dir, b)
		}
	}
	return rules.Ignored(at, folder)
}

// above returns the folders above a path, the project's first.
func above(at fsx.Path) (dirs []fsx.Path) {
	for dir := at.Dir(); ; dir = dir.Dir() {
		dirs = append([]fsx.Path{dir}, dirs...)
		if dir == "" {
			return dirs
		}
	}
}

// copyIn brings a file or folder from anywhere to the name --out, or to its own
// name in the user's folder.
func (p *Project) copyIn(name string, opt AddOptions) (fsx.Path, error) {
	to := opt.Out
	if to == "" {
		to = filepath.Base(filepath.Clean(name))
	}
	at, err := p.Path(to)
	if err != nil {
		return "", err
	}
	if ok, err := p.Root.Exists(at); err != nil || ok && !opt.Force {
		return "", errors.Join(err, errs.At(errs.Conflict, to, "pass --force to replace it, or --out to choose another name", "exists already"))
	}
	if opt.DryRun {
		return at, nil
	}
	src := name
	if !filepath.IsAbs(src) {
		src = filepath.Join(p.Root.Dir(), filepath.FromSlash(string(p.Cwd)), src)
	}
	from, err := fsx.OpenRoot(filepath.Dir(filepath.Clean(src)))
	if err != nil {
		return "", err
	}
	defer from.Close()
	return at, p.copyAll(from, fsx.Path(filepath.Base(src)), at)
}

// copyAll copies a file or folder into the project.
func (p *Project) copyAll(from *fsx.Root, src, to fsx.Path) error {
	st, err := from.Stat(src)
	switch {
	case gone(err):
		return errs.At(errs.Usage, filepath.Join(from.Dir(), string(src)), "", "there is no such file or folder")
	case err != nil:
		return err
	case st.Kind == fsx.Dir:
		return p.copyFolder(from, src, to)
	}
	perm := fs.FileMode(0o666)
	if st.Exec {
		perm = 0o777
	}
	_, err = p.Root.Place(to, from, src, fsx.PlaceOptions{Kinds: []fsx.LinkKind{fsx.Reflink, fsx.Copy}, Perm: perm})
	return err
}

func (p *Project) copyFolder(from *fsx.Root, src, to fsx.Path) error {
	if err := p.Root.MkdirAll(to); err != nil {
		return err
	}
	names, err := from.ReadDir(src)
	if err != nil {
		return err
	}
	for _, n := range names {
		at := src.Join(fsx.Path(n.Name))
		if n.Kind == fsx.Symlink {
			target, err := from.Readlink(at)
			if err == nil {
				err = p.Root.Symlink(target, to.Join(fsx.Path(n.Name)))
			}
			if err != nil {
				return err
			}
			continue
		}
		if err := p.copyAll(from, at, to.Join(fsx.Path(n.Name))); err != nil {
			return err
		}
	}
	return nil
}

// glob returns the files and folders that a pattern names. It never looks into
// folders that are tracked or are mlv's or git's own.
func (p *Project) glob(pattern string) ([]fsx.Path, error) {
	at, err := p.Path(pattern)
	if err != nil {
		return nil, err
	}
	var found []fsx.Path
	var walk func(dir fsx.Path) error
	walk = func(dir fsx.Path) error {
		names, err := p.Root.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, n := range names {
			path := dir.Join(fsx.Path(n.Name))
			if n.Name == ".git" || path == mlvDir {
				continue
			}
			if spec.Glob(string(at), string(path)) {
				found = append(found, path)
				continue
			}
			if out, ok := p.output(path); n.Kind == fsx.Dir && (!ok || out.Path != path) {
				if err := walk(path); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := walk(""); err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errs.At(errs.Usage, pattern, "", "the pattern matches nothing")
	}
	return found, nil
}

// afterAdd places what was added anew where files are to be links into the
// cache, and notes what mlv placed.
func (p *Project) afterAdd(ctx context.Context, all []*addition) error {
	for _, a := range all {
		for _, part := range a.parts {
			_ = part.scan.remember(part.root) // the index only saves time
		}
	}
	if err := p.Reload(ctx); err != nil {
		return err
	}
	return p.notePlaced()
}
