package work

import (
	"context"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/spec"
)

// An Ignored says what the ignore files say of a path.
type Ignored struct {
	Path    string       `json:"path"` // as it was given
	Ignored bool         `json:"ignored"`
	Rules   []IgnoreRule `json:"rules"` // the lines that match, the one that decides last
}

// An IgnoreRule is a line of an ignore file.
type IgnoreRule struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Text string `json:"text"`
}

// CheckIgnore tells for each path whether mlv leaves it alone, and why. The
// paths need not exist.
func (p *Project) CheckIgnore(ctx context.Context, names []string) ([]Ignored, error) {
	list := make([]Ignored, 0, len(names))
	files := map[fsx.Path][]byte{}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		at, err := p.Path(name)
		if err != nil {
			return nil, err
		}
		if err := p.readIgnores(at.Dir(), files); err != nil {
			return nil, err
		}
		st, err := p.Root.Stat(at)
		if err != nil && !gone(err) {
			return nil, err
		}
		item := Ignored{Path: name, Rules: []IgnoreRule{}}
		for _, r := range spec.IgnoreRules(files, at, err == nil && st.Kind == fsx.Dir) {
			item.Ignored = !r.Negated
			item.Rules = append(item.Rules, IgnoreRule{File: p.Show(r.Dir.Join(spec.IgnoreName)), Line: r.Line, Text: r.Text})
		}
		list = append(list, item)
	}
	return list, nil
}

// readIgnores reads the ignore files of dir and the folders above into files.
func (p *Project) readIgnores(dir fsx.Path, files map[fsx.Path][]byte) error {
	for ; ; dir = dir.Dir() {
		if _, done := files[dir]; done {
			return nil
		}
		name := dir.Join(spec.IgnoreName)
		b, err := p.Root.ReadFile(name, maxIgnore)
		if err != nil && !gone(err) {
			return err
		}
		files[dir] = b
		if dir == "" {
			return nil
		}
	}
}
