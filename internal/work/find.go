// Package work is the working tree: it looks at what stands there, saves it
// into the cache, and puts back what git names.
package work

import (
	"os"
	"path/filepath"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/spec"
)

// mlvDir is where mlv keeps what git doesn't.
const mlvDir fsx.Path = ".mlv"

// Find returns the folder of the project that holds dir: the nearest one
// upwards whose mlv.yaml names a project.
func Find(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	for at := dir; ; at = filepath.Dir(at) {
		b, err := os.ReadFile(filepath.Join(at, spec.FileName)) //nolint:gosec // the user's own folder
		if err == nil && spec.IsRoot(b) {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", errs.New(errs.Usage, "run 'mlv init'", "no mlv project here or in a folder above")
		}
	}
}
