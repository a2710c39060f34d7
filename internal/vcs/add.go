package vcs

import (
	"context"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
)

// Add stages files, as "git add" does; a path that is gone is staged as
// deleted. It needs the git program. Ignored files are git's error.
func (r *Repo) Add(ctx context.Context, paths ...fsx.Path) error {
	if len(paths) == 0 {
		return nil
	}
	if r.program == nil {
		return needsGit("git add")
	}
	var list strings.Builder
	for _, p := range paths {
		list.WriteString(string(p))
		list.WriteByte(0)
	}
	_, err := r.program.run(ctx, strings.NewReader(list.String()), "add", "--pathspec-from-file=-", "--pathspec-file-nul")
	if said, ok := failed(err); ok {
		if strings.Contains(said, "index.lock") {
			return errs.New(errs.Locked, "wait for the other git command, or delete .git/index.lock if none runs", "another git command is writing the index")
		}
		return errs.New(errs.Other, "", "git add: %s", said)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.index = nil
	return err
}
