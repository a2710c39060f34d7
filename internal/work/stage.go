package work

import (
	"context"

	"github.com/mlv-dev/mlv/internal/fsx"
)

// Stage adds files that mlv wrote to git's index, if the setting git.stage
// asks for it, and tells whether it did. Names are as results give them.
func (p *Project) Stage(ctx context.Context, names []string) (bool, error) {
	if p.Repo == nil || len(names) == 0 || !p.Settings.Config.Bool("git.stage") {
		return false, nil
	}
	paths := make([]fsx.Path, len(names))
	for i, name := range names {
		at, err := p.Path(name)
		if err != nil {
			return false, err
		}
		paths[i] = p.Prefix().Join(at)
	}
	err := p.Repo.Add(ctx, paths...)
	return err == nil, err
}
