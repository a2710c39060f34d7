package work

import (
	"maps"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/spec"
)

// A Selected is an output that a command is about, or a part of it.
type Selected struct {
	spec.Output
	Under []fsx.Path // paths below the output's own; empty: all of it
}

// SelectOptions say what targets mean.
type SelectOptions struct {
	Recursive bool // a folder means all outputs below it
}

// Select returns the outputs that targets name, by path; no target names all.
// A target is an output, a path inside one, a pointer, a stage, or with
// Recursive a folder; ./NAME is always a path.
func (p *Project) Select(targets []string, opt SelectOptions) ([]Selected, error) {
	return selectFrom(p, p.Spec, targets, opt)
}

func selectFrom(p *Project, sp *spec.Project, targets []string, opt SelectOptions) ([]Selected, error) {
	found := map[fsx.Path]*Selected{}
	take := func(out spec.Output, under fsx.Path) {
		s := found[out.Path]
		switch {
		case s == nil:
			s = &Selected{Output: out}
			found[out.Path] = s
			if under != "" {
				s.Under = []fsx.Path{under}
			}
		case under == "":
			s.Under = nil
		case len(s.Under) > 0:
			s.Under = append(s.Under, under)
		}
	}
	if len(targets) == 0 {
		for _, out := range sp.Outputs() {
			take(out, "")
		}
	}
	var unknown errs.List
	for _, t := range targets {
		if !selectOne(p, sp, t, opt, take) {
			unknown.Add(p.unknown(sp, t))
		}
	}
	selected := make([]Selected, 0, len(found))
	for _, at := range slices.Sorted(maps.Keys(found)) {
		selected = append(selected, *found[at])
	}
	return selected, unknown.Err()
}

// selectOne takes the outputs that one target names, and tells whether there
// are any.
func selectOne(p *Project, sp *spec.Project, target string, opt SelectOptions, take func(spec.Output, fsx.Path)) bool {
	any := false
	if !strings.HasPrefix(target, "./") {
		for _, out := range sp.Outputs() {
			if out.Stage == target && target != "" {
				take(out, "")
				any = true
			}
		}
	}
	at, err := p.Path(target)
	if any || err != nil {
		return any
	}
	for _, out := range sp.Outputs() {
		switch {
		case at.Under(out.Path):
			take(out, at.Rel(out.Path))
		case out.From == at && out.Stage == "":
			take(out, "")
		case opt.Recursive && out.Path.Under(at):
			take(out, "")
		default:
			continue
		}
		any = true
	}
	return any
}

// unknown is the error of a target that names nothing tracked.
func (p *Project) unknown(sp *spec.Project, target string) error {
	var names []string
	for _, out := range sp.Outputs() {
		names = append(names, p.Show(out.Path))
		if out.Stage != "" {
			names = append(names, out.Stage)
		}
	}
	slices.Sort(names)
	e := errs.At(errs.Usage, target, "", "%w", errNotTracked)
	e.Candidates = errs.Nearest(target, slices.Compact(names))
	if at, err := p.Path(target); err == nil {
		if ok, _ := p.Root.Exists(at); ok {
			e.Hint = "run 'mlv add " + target + "' to track it"
		}
	}
	return e
}
