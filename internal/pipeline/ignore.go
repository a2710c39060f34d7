package pipeline

import (
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/spec"
)

// ignoreOuts sees that git ignores the outs of n that the cache keeps: by a
// line in the .gitignore beside each, if no rule in the project says so yet.
// It returns the files that changed.
func (p *Pipeline) ignoreOuts(n *node) (changed []string, err error) {
	if p.opt.Git == nil {
		return nil, nil
	}
	for i := range n.Outs {
		out := n.Outs[i].Target()
		if n.Outs[i].NoCache {
			continue
		}
		rules, err := ignoreRules(p.opt.Root, spec.GitIgnoreName, out.Dir())
		if err != nil {
			return changed, err
		}
		if rules.Ignored(out, false) || rules.Ignored(out, true) {
			continue
		}
		file := out.Dir().Join(spec.GitIgnoreName)
		old, err := p.opt.Root.ReadFile(file, maxIgnore)
		if err != nil && !absent(err) {
			return changed, err
		}
		b, err := spec.AddIgnore(old, out.Base())
		if err != nil {
			return changed, n.errorf(0, "", "%s: %w", out, err)
		}
		if err := p.opt.Root.WriteFile(file, b, fsx.WriteOptions{}); err != nil {
			return changed, err
		}
		changed = append(changed, string(file))
	}
	return changed, nil
}

// maxIgnore is the most bytes that an ignore file may have.
const maxIgnore = 1 << 20

// ignoreRules returns the rules of the ignore files called name in dir and the
// folders above it.
func ignoreRules(root *fsx.Root, name string, dir fsx.Path) (rules *spec.Ignore, err error) {
	if dir != "" {
		if rules, err = ignoreRules(root, name, dir.Dir()); err != nil {
			return nil, err
		}
	}
	return addRules(root, name, dir, rules)
}

// addRules returns the rules of above with those of dir's own ignore file.
func addRules(root *fsx.Root, name string, dir fsx.Path, above *spec.Ignore) (*spec.Ignore, error) {
	b, err := root.ReadFile(dir.Join(fsx.Path(name)), maxIgnore)
	if absent(err) {
		return above, nil
	}
	return above.With(dir, b), err
}
