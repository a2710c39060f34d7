package work

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/spec"
)

// errOutside means that a path does not lie in the project.
var errOutside = errors.New("lies outside the project")

// below returns the path of an absolute or relative folder or file of the
// system as seen from the project's root.
func (p *Project) below(name string) (fsx.Path, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		abs = filepath.Join(dir, filepath.Base(abs))
	}
	rel, err := filepath.Rel(p.Root.Dir(), abs)
	if err != nil || !filepath.IsLocal(rel) {
		return "", errs.At(errs.Usage, name, "", "%w", errOutside)
	}
	if rel == "." {
		return "", nil
	}
	return parse(name, filepath.ToSlash(rel))
}

// Path returns what a user means by a path on the command line: relative to
// where the user stands, or absolute. A trailing slash means nothing.
func (p *Project) Path(name string) (fsx.Path, error) {
	if filepath.IsAbs(name) {
		return p.below(name)
	}
	rel := filepath.ToSlash(filepath.Clean(filepath.Join(filepath.FromSlash(string(p.Cwd)), name)))
	switch {
	case rel == ".":
		return "", nil
	case rel == ".." || strings.HasPrefix(rel, "../"):
		return "", errs.At(errs.Usage, name, "", "%w", errOutside)
	}
	return parse(name, rel)
}

func parse(name, rel string) (fsx.Path, error) {
	at, err := fsx.ParsePath(rel)
	if err != nil {
		return "", errs.At(errs.Usage, name, "", "%w", err)
	}
	return at, nil
}

// Show returns a path of the project as the user would type it.
func (p *Project) Show(at fsx.Path) string {
	if p.Cwd == "" {
		return at.String()
	}
	rel, err := filepath.Rel(string(p.Cwd), at.String())
	if err != nil {
		return at.String()
	}
	return filepath.ToSlash(rel)
}

// output returns the output that at is, or that holds it.
func (p *Project) output(at fsx.Path) (spec.Output, bool) {
	for _, out := range p.Spec.Outputs() {
		if at.Under(out.Path) {
			return out, true
		}
	}
	return spec.Output{}, false
}

// pointer returns the pointer that an output comes from.
func (p *Project) pointer(out spec.Output) (spec.PlacedPointer, bool) {
	for _, ptr := range p.Spec.Pointers {
		if ptr.File == out.From {
			return ptr, true
		}
	}
	return spec.PlacedPointer{}, false
}
